//! How many variations are tried, and with how many of the other values: as many as a number of decisions allows.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::rules::coverage::Combinations;
use crate::rules::coverage::biens::Biens;
use crate::rules::coverage::pairs;
use crate::rules::coverage::variations::Variation;
use crate::rules::written::Written;

/// Number of decisions about variations above which `passerelle coverage` combines fewer values.
pub(in crate::rules::coverage) const MOST: u64 = 40_000;
/// The same limit for distinguishing residences by name, which has priority over combining more values.
pub(in crate::rules::coverage) const MOST_BY_NAME: u64 = 300_000;
/// Number of decisions about pairs of variations above which `passerelle coverage` leaves some out.
pub(in crate::rules::coverage) const MOST_OF_PAIRS: u64 = 20_000;
/// Like [`MOST`], for a search beside the daemon's traffic.
pub(in crate::rules::coverage) const MOST_ASIDE: u64 = 20_000;
/// Like [`MOST_OF_PAIRS`], for a search beside the daemon's traffic.
pub(in crate::rules::coverage) const MOST_OF_PAIRS_ASIDE: u64 = 6_000;

/// The extent to which variations are tried.
pub(in crate::rules::coverage) struct Extent {
    /// The values that each of them is combined with.
    pub(in crate::rules::coverage) breadth: Breadth,
    /// The indexes of the variations.
    pub(super) numbers: Range<usize>,
}

/// The values that each variation is combined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each of them widens the search by itself"
)]
pub(in crate::rules::coverage) struct Breadth {
    /// Each priority.
    pub(in crate::rules::coverage) priorites: bool,
    /// With and without a bien.
    pub(in crate::rules::coverage) biens: bool,
    /// Each bien that the rules distinguish, with one priority and one pair of flags.
    pub(in crate::rules::coverage) each_bien: bool,
    /// Each pair of flags.
    pub(in crate::rules::coverage) flags: bool,
    /// What is distinguished by name.
    pub(in crate::rules::coverage) names: Names,
}

/// What is distinguished by name, and not only by look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::coverage) enum Names {
    /// Residences and qualifications.
    All,
    /// Only qualifications, of which there are fewer.
    OfQualifications,
    /// Nothing.
    None,
}

impl Breadth {
    /// All combinations.
    pub(in crate::rules::coverage) const ALL: Self = Self {
        priorites: true,
        biens: true,
        each_bien: true,
        flags: true,
        names: Names::All,
    };

    /// The values that rules read which are written like this.
    pub(super) fn read_by(written: &Written, biens: &Biens<'_>) -> Self {
        let flags = ["transmettre_auteur", "transmettre_manager"];
        let reads_bien = written.reads("bien");
        Self {
            priorites: written.reads("priorite"),
            biens: reads_bien,
            each_bien: reads_bien && biens.are_distinguished(),
            flags: flags.iter().any(|it| written.reads(it)),
            names: Names::All,
        }
    }
}

impl Combinations<'_> {
    /// The number of decisions about single variations at this breadth, except those about statuses and about the
    /// others of a kind.
    pub(in crate::rules::coverage) fn count_singles(&self, breadth: Breadth) -> u64 {
        self.count_each(breadth) * self.varied.singles as u64
    }

    /// The same number for these pairs.
    pub(in crate::rules::coverage) fn count_pairs(&self, pairs: &Extent) -> u64 {
        self.count_each(pairs.breadth) * pairs.numbers.len() as u64
    }

    /// The number of decisions for one variation.
    fn count_each(&self, breadth: Breadth) -> u64 {
        let varied = &self.varied;
        let firsts = varied
            .residences(breadth)
            .iter()
            .filter_map(|it| it.first());
        let cases = firsts.map(|it| self.cases_for(it, breadth).count());
        let signalements = cases.sum::<usize>() * varied.qualifications(breadth).len();
        signalements as u64
    }

    /// The single variations, as many as `most` decisions allow at this breadth.
    pub(in crate::rules::coverage) fn singles(&self, breadth: Breadth, most: u64) -> Extent {
        let affordable = self.affordable(breadth, most);
        Extent {
            breadth,
            numbers: 0..self.varied.singles.min(affordable),
        }
    }

    /// Whether some of the single variations are left out.
    pub(in crate::rules::coverage) fn leaves_out_singles(&self, singles: &Extent) -> bool {
        singles.numbers.len() < self.varied.singles
    }

    /// The number of variations that `most` decisions allow at this breadth.
    fn affordable(&self, breadth: Breadth, most: u64) -> usize {
        let each = self.count_each(breadth).max(1);
        usize::try_from(most / each).unwrap_or(usize::MAX)
    }

    /// The pairs, as many as `most` decisions allow; `widest` is the breadth at which the single ones are tried.
    pub(in crate::rules::coverage) fn pairs(&self, widest: Breadth, most: u64) -> Extent {
        let (first, end) = (self.varied.singles, self.varied.variations.len());
        let widest = Breadth {
            each_bien: false,
            ..widest
        };
        let breadth = self.narrowed(widest, (end - first) as u64, [most, most]);
        let affordable = self.affordable(breadth, most);
        Extent {
            breadth,
            numbers: first..end.min(first.saturating_add(affordable)),
        }
    }

    /// The single variations that were left out because the decisions allowed were spent, as a sentence in French.
    /// `from` is the first of them.
    pub(in crate::rules::coverage) fn not_at_all(&self, from: Option<usize>) -> Option<String> {
        let singles = self.varied.variations().take(self.varied.singles);
        let left = singles.skip(from?).flatten().map(Variation::field);
        let fields: BTreeSet<&str> = left.collect();
        let fields: Vec<String> = fields.into_iter().map(pairs::called).collect();
        (!fields.is_empty()).then(|| {
            format!(
                "Les règles lisent trop de valeurs pour les essayer toutes. N'ont pas été essayées entièrement : {}.",
                fields.join(", ")
            )
        })
    }

    /// The values that were not all tried together, one sentence each. `from` is the first pair that was left out because
    /// the decisions allowed were spent.
    pub(in crate::rules::coverage) fn not_together(
        &self,
        pairs: &Extent,
        from: Option<usize>,
    ) -> Vec<String> {
        let end = pairs.numbers.end;
        let left = self
            .varied
            .variations()
            .skip(from.map_or(end, |it| it.min(end)));
        let mut fields = self.varied.left_out.clone();
        fields.extend(left.filter_map(|it| match it {
            [one, other] => Some((one.field(), other.field())),
            _ => None,
        }));
        let mut told = Vec::new();
        told.extend(pairs::left_out(&fields));
        told.extend(self.varied.untried.iter().cloned());
        told
    }

    /// The breadth affordable with this number of decisions: as many of the values that the rules read as possible.
    /// `by_name` is the limit if nothing else is combined with what names distinguish.
    pub(in crate::rules::coverage) fn breadth(&self, most: u64, by_name: u64) -> Breadth {
        let singles = self.varied.singles as u64;
        self.narrowed(self.varied.read, singles, [most, by_name])
    }

    fn narrowed(&self, widest: Breadth, variations: u64, [most, by_name]: [u64; 2]) -> Breadth {
        let narrowings: [fn(&mut Breadth); 5] = [
            |_| {},
            |it| it.flags = false,
            |it| it.biens = false,
            |it| it.priorites = false,
            |it| it.each_bien = false,
        ];
        let all = [Names::All, Names::OfQualifications, Names::None];
        let mut breadth = widest;
        for names in all.into_iter().skip_while(|it| *it != widest.names) {
            // Residences of the same look have different biens.
            let each_bien = widest.each_bien && names == Names::All;
            breadth = Breadth {
                each_bien,
                names,
                ..widest
            };
            for narrow in narrowings {
                narrow(&mut breadth);
                if self.count_each(breadth) * variations <= most {
                    return breadth;
                }
            }
            if self.count_each(breadth) * variations <= by_name {
                return breadth;
            }
        }
        breadth
    }

    /// What the rules read that was not tried for each value at this breadth, as a sentence in French.
    pub(in crate::rules::coverage) fn not_for_each(&self, breadth: Breadth) -> Option<String> {
        let read = Breadth {
            // The biens were tried, but not in all combinations.
            biens: self.varied.read.biens && !breadth.each_bien,
            ..self.varied.read
        };
        let list = self.narrower(read, breadth)?;
        Some(format!(
            "Trop de combinaisons pour tout essayer : les dates, descriptions et autres valeurs que vos règles distinguent n'ont pas été essayées pour {list}, mais sur un exemple de chaque sorte."
        ))
    }

    /// What only single variations were tried for, as a sentence in French; `singles` is their breadth.
    pub(in crate::rules::coverage) fn not_for_each_pair(
        &self,
        singles: Breadth,
        pairs: &Extent,
    ) -> Option<String> {
        let singles = Breadth {
            // What a bien does together with two others is a matter of three.
            each_bien: false,
            ..singles
        };
        let list = self.narrower(singles, pairs.breadth)?;
        (!pairs.numbers.is_empty()).then(|| {
            format!(
                "Trop de combinaisons pour tout croiser : deux de ces valeurs à la fois n'ont pas été essayées pour {list}, mais sur un exemple de chaque sorte."
            )
        })
    }

    /// A sentence in French if the rules read more biens of a residence than are tried.
    pub(in crate::rules::coverage) fn biens_left_out(&self) -> Option<String> {
        let left_out = self.biens.left_out();
        left_out.filter(|_| self.varied.read.each_bien)
    }

    /// What is tried at one breadth, but not at a narrower one, in French.
    fn narrower(&self, wide: Breadth, narrow: Breadth) -> Option<String> {
        let varied = &self.varied;
        let residences = [wide, narrow].map(|it| varied.residences(it).len());
        let qualifications = [wide, narrow].map(|it| varied.qualifications(it).len());
        let all = [
            (
                residences[0] > residences[1],
                "chaque résidence que vos règles nomment",
            ),
            (
                qualifications[0] > qualifications[1],
                "chaque qualification que vos règles nomment",
            ),
            (wide.priorites && !narrow.priorites, "chaque priorité"),
            (
                wide.each_bien && !narrow.each_bien,
                "chaque bien que vos règles distinguent",
            ),
            (wide.biens && !narrow.biens, "les signalements d'un bien"),
            (wide.flags && !narrow.flags, "chaque choix de transmission"),
        ];
        let all: Vec<&str> = all
            .into_iter()
            .filter_map(|(is_untried, what)| is_untried.then_some(what))
            .collect();
        let (last, others) = all.split_last()?;
        Some(match others {
            [] => (*last).to_owned(),
            others => format!("{}, ni pour {last}", others.join(", ni pour ")),
        })
    }
}
