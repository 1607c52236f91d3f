//! What descriptions have in common besides their words: their number of words and of characters, in French.

/// What is counted in a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Characters,
    Words,
}

impl Measure {
    fn of(self, text: &str) -> usize {
        match self {
            Self::Characters => text.chars().count(),
            Self::Words => text.split_whitespace().count(),
        }
    }
}

/// A limit on the number of words or characters of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    measure: Measure,
    count: usize,
    /// Whether it is the largest number, not the smallest.
    is_most: bool,
}

impl Bound {
    /// The limit that all of these respect and none of the others does; the narrower one if there are two.
    pub(super) fn between(these: &[String], others: &[String]) -> Option<Self> {
        let bounds = [Measure::Characters, Measure::Words].into_iter();
        let bounds = bounds.filter_map(|measure| {
            let of = |texts: &[String]| {
                let counts = texts.iter().map(|it| measure.of(it));
                let counts: Vec<usize> = counts.collect();
                Some((*counts.iter().min()?, *counts.iter().max()?))
            };
            let ((least, most), (other_least, other_most)) = (of(these)?, of(others)?);
            let bound = |count, is_most| Self {
                measure,
                count,
                is_most,
            };
            if most < other_least {
                Some((other_least - most, bound(most, true)))
            } else if least > other_most {
                Some((least - other_most, bound(least, false)))
            } else {
                None
            }
        });
        bounds.min_by_key(|(gap, _)| *gap).map(|(_, it)| it)
    }

    /// Whether a text respects it.
    pub(super) fn holds(self, text: &str) -> bool {
        let count = self.measure.of(text);
        if self.is_most {
            count <= self.count
        } else {
            count >= self.count
        }
    }

    /// « avec une description de 49 caractères ou moins »
    pub(super) fn described(self) -> String {
        let Self {
            measure,
            count,
            is_most,
        } = self;
        if measure == Measure::Words && count == 1 && is_most {
            return "avec une description d'un seul mot".to_owned();
        }
        let unit = match measure {
            Measure::Characters => "caractère",
            Measure::Words => "mot",
        };
        let plural = if count > 1 { "s" } else { "" };
        let than = if is_most { "moins" } else { "plus" };
        format!("avec une description de {count} {unit}{plural} ou {than}")
    }
}

/// « avec une description de 2 mots (de 21 à 40 caractères) »: what all of these have in common, whatever else does.
pub(super) fn common(texts: &[String]) -> Option<String> {
    let range = |measure: Measure| {
        let counts = || texts.iter().map(|it| measure.of(it));
        Some((counts().min()?, counts().max()?))
    };
    let words = match range(Measure::Words)? {
        (1, 1) => "d'un seul mot".to_owned(),
        (least, most) if least == most => format!("de {most} mots"),
        (least, most) => format!("de {least} à {most} mots"),
    };
    let characters = match range(Measure::Characters)? {
        (1, 1) => "1 caractère".to_owned(),
        (least, most) if least == most => format!("{most} caractères"),
        (least, most) => format!("de {least} à {most} caractères"),
    };
    Some(format!("avec une description {words} ({characters})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|it| (*it).to_owned()).collect()
    }

    #[rstest]
    #[case(&["aa", "a"], &["aaa", "a a"], Some("avec une description de 2 caractères ou moins"))]
    #[case(&["aaaa"], &["aaa", "a a"], Some("avec une description de 4 caractères ou plus"))]
    #[case(&["a", "aaaaa"], &["a a", "a a a"], Some("avec une description d'un seul mot"))]
    #[case(&["a a", "a"], &["a b c", "a a a a"], Some("avec une description de 2 mots ou moins"))]
    #[case(&["a b c"], &["a a", "aaaaaa"], Some("avec une description de 3 mots ou plus"))]
    // One word, and only a little shorter than the others: the number of words is closer.
    #[case(&["aaa"], &["aaaaaa a"], Some("avec une description d'un seul mot"))]
    #[case(&["a", "aaa"], &["aa"], None)]
    #[case(&["a"], &[], None)]
    fn a_bound_is_true_of_these_only(
        #[case] these: &[&str],
        #[case] others: &[&str],
        #[case] wanted: Option<&str>,
    ) {
        let found = Bound::between(&owned(these), &owned(others));
        assert_eq!(found.map(Bound::described).as_deref(), wanted);
        assert!(
            these
                .iter()
                .all(|it| found.is_none_or(|bound| bound.holds(it)))
        );
        assert!(
            !others
                .iter()
                .any(|it| found.is_some_and(|bound| bound.holds(it)))
        );
    }

    #[rstest]
    #[case(&["aaa aa"], "avec une description de 2 mots (6 caractères)")]
    #[case(&["aaa", "aaaa"], "avec une description d'un seul mot (de 3 à 4 caractères)")]
    #[case(&["a", "a b c"], "avec une description de 1 à 3 mots (de 1 à 5 caractères)")]
    fn what_descriptions_have_in_common_is_described(#[case] texts: &[&str], #[case] wanted: &str) {
        assert_eq!(common(&owned(texts)).as_deref(), Some(wanted));
        assert_eq!(common(&[]), None);
    }
}
