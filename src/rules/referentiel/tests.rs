//! Exports as landlords write them, correct and faulty.

use std::fmt::Write as _;

use rstest::rstest;

use super::*;

fn files(residences: &[u8], gestionnaires: &[u8], biens: &[u8]) -> FileSet {
    FILES
        .iter()
        .zip([residences, gestionnaires, biens])
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect()
}

const MANAGERS: &[u8] = b"residence;type;identifiant;nom;email\nA;gardien;G1;Loge;g@x.fr\n";
const PLACES: &[u8] = b"code;residence;libelle\nA-1;A;Appartement 1\n";

#[test]
fn all_formats_of_excel_are_read_alike() {
    let utf8 = "code;nom;adresse\nA;Côte des Roses;2 place Marie\n";
    let ways = [
        utf8.as_bytes().to_vec(),
        format!("\u{feff}{utf8}").into_bytes(),
        encoding_rs::WINDOWS_1252.encode(utf8).0.into_owned(),
        utf8.replace(';', ",").into_bytes(),
        utf8.replace('\n', "\r\n").into_bytes(),
        format!("sep=;\r\n{utf8}").into_bytes(),
        [0xff, 0xfe]
            .into_iter()
            .chain(utf8.encode_utf16().flat_map(u16::to_le_bytes))
            .collect(),
        "Adresse;Code;Autre;Nom\n\"2 place Marie\";A;;\"Côte des Roses\"\n;;;\n"
            .as_bytes()
            .to_vec(),
    ];
    for way in ways {
        let (referentiel, faults) = read(&files(&way, MANAGERS, PLACES));
        assert_eq!(faults, []);
        let residence = referentiel.unwrap().residence("A").cloned().unwrap();
        assert_eq!(residence.nom, "Côte des Roses");
        assert_eq!(residence.adresse, "2 place Marie");
        assert_eq!(
            residence.gestionnaires.get("gardien").unwrap().identifiant,
            "G1"
        );
    }
}

#[test]
fn a_broken_export_is_refused_with_its_lines() {
    let cases: [(&[u8], u32, &str); 13] = [
        (
            b"code,nom,adresse\nA;x, y;z\nB;x;y\n",
            1,
            "par \u{ab} , \u{bb}, et la ligne 2 par \u{ab} ; \u{bb}",
        ),
        (b"", 1, "les colonnes code, nom, adresse"),
        (b"PK\x03\x04\x14\0\0\0", 0, "Excel"),
        (b"code;nom;adrese\n", 1, "« adrese », mal écrite ?"),
        (b"code;nom\n", 1, "« adresse » manque"),
        (
            b"code;code;nom;adresse\nA;B;x;y\n",
            1,
            "« code » est donnée deux fois",
        ),
        (b"code;nom;adresse\n", 0, "aucune"),
        (b"code;nom;adresse\nA;Lilas\n", 2, "2 colonnes au lieu de 3"),
        (
            b"code;nom;adresse\nA;a, b, c\n",
            2,
            "2 colonnes au lieu de 3",
        ),
        (b"code;nom;adresse\nA;x;y\nA;x;y\n", 3, "plus haut"),
        (
            b"code;nom;adresse\nA;x;y\nB;\"x;y\nC;z;t\n",
            3,
            "le guillemet ouvert ici n'est pas refermé",
        ),
        (
            b"code;nom;adresse\nA;\"x\n1\";y\nB;\"x;y\nC;\"z\";t\n",
            4,
            "le guillemet ouvert ici n'est pas refermé",
        ),
        (
            "code\tnom\tadresse\nA\tx\ty\n".as_bytes(),
            1,
            "des tabulations",
        ),
    ];
    for (residences, line, words) in cases {
        let (referentiel, faults) = read(&files(residences, MANAGERS, PLACES));
        assert!(referentiel.is_none(), "{faults:?}");
        assert!(
            faults
                .iter()
                .any(|it| it.line == line && it.message.contains(words)),
            "{faults:?}"
        );
    }
}

#[test]
fn a_misspelt_header_is_reported_without_its_consequences() {
    let residences = "cod;nom;adresse\nA;x;y\n".as_bytes();
    let (referentiel, faults) = read(&files(residences, MANAGERS, PLACES));
    assert!(referentiel.is_none());
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "residences.csv, ligne 1 : erreur : la colonne « code » manque dans la première ligne : est-ce « cod », mal écrite ?"
        ]
    );
}

#[test]
fn letters_spoilt_by_a_wrong_encoding_are_reported() {
    let residences = "code;nom;adresse\nA;Résidence;x\nB;RÃ©sidence Ã‰lodie;y\n";
    let (referentiel, faults) = read(&files(residences.as_bytes(), MANAGERS, PLACES));
    assert!(referentiel.is_some());
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "residences.csv, ligne 3 : attention : « Ã© » tient lieu de « é » : l'export a été lu dans un autre codage que le sien, puis enregistré"
        ]
    );
}

#[test]
fn an_export_of_ms_dos_is_reported_with_the_format_to_use() {
    let residences = b"code;nom;adresse\nA;Fr\x82d\x82ric;x\n";
    let (referentiel, faults) = read(&files(residences, MANAGERS, PLACES));
    assert!(referentiel.is_some());
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "residences.csv, ligne 2 : attention : « Fr‚d‚ric », où « ‚ » tient lieu d'une autre lettre : l'export est au format « CSV (MS-DOS) » ou « CSV (Macintosh) », dont les accents sont illisibles ; dans Excel, enregistrez-le au format « CSV UTF-8 »"
        ]
    );
    let remedy = "code;nom;adresse\nA;Frédéric;x\n".as_bytes();
    assert_eq!(read(&files(remedy, MANAGERS, PLACES)).1, []);
}

#[test]
fn an_invalid_address_is_only_a_remark() {
    let mut managers = String::from("residence;type;identifiant;nom;email\n");
    let mut residences = String::from("code;nom;adresse\n");
    for code in 1..=6 {
        writeln!(residences, "R{code};x;y").unwrap();
        let email = if code > 4 { "g.x.fr" } else { "g@x.fr" };
        writeln!(managers, "R{code};gardien;G1;Loge;{email}").unwrap();
        writeln!(managers, "R{code};autre;G2;n;").unwrap();
    }
    let read = read(&files(residences.as_bytes(), managers.as_bytes(), PLACES));
    assert!(read.0.is_some());
    let told: Vec<String> = read.1.iter().map(ToString::to_string).collect();
    assert_eq!(
        told[..1],
        [
            "gestionnaires.csv, ligne 10 : attention : « g.x.fr » n'est pas une adresse e-mail ; une autre ligne n'en a pas non plus",
        ]
    );
}

#[test]
fn an_accent_is_a_remark_in_an_address_but_not_in_a_name() {
    let managers = "residence;type;identifiant;nom;email\nA;gardien;G1;Benaïssa;Mohamed Benaïssa <m.benaissa@x.fr>\nA;technique;G2;n;m.benaïssa@x.fr\n";
    let residences = b"code;nom;adresse\nA;x;y\n";
    let (referentiel, faults) = read(&files(residences, managers.as_bytes(), PLACES));
    assert!(referentiel.is_some());
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "gestionnaires.csv, ligne 3 : attention : « m.benaïssa@x.fr » : beaucoup de serveurs d'e-mails refusent une adresse qui a des accents ; vérifiez-la, elle s'écrit d'ordinaire sans accent"
        ]
    );
}

#[test]
fn an_orphan_row_is_only_a_remark() {
    let biens = b"code;residence;libelle\nZ-1;Z;Cave\n";
    let (referentiel, faults) = read(&files(b"code;nom;adresse\nA;x;y\n", MANAGERS, biens));
    assert!(referentiel.is_some());
    assert_eq!((faults[0].line, faults[0].file.as_str()), (2, "biens.csv"));
}

#[test]
fn the_rows_of_a_missing_residence_are_reported_once_with_a_suggestion() {
    let residences = b"code;nom;adresse\nA;x;y\nMZ-02;x;y\nmz-02;x;y\n";
    let biens = b"code;residence;libelle\n1;MZ-O2;a\n2;QQ-77;b\n3;MZ-O2;c\n4;MZ-O2;d\n";
    let (referentiel, faults) = read(&files(residences, MANAGERS, biens));
    assert!(referentiel.is_some());
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "residences.csv, ligne 4 : attention : « mz-02 » et « MZ-02 » (ligne 3) ne diffèrent que par une majuscule, un accent ou une espace : est-ce la même résidence ?",
            "biens.csv, ligne 2 : attention : la résidence « MZ-O2 » n'est pas dans residences.csv : vouliez-vous dire « MZ-02 » (residences.csv, ligne 3) ? ; 2 autres lignes la nomment",
            "biens.csv, ligne 3 : attention : la résidence « QQ-77 » n'est pas dans residences.csv : ajoutez-y sa ligne, ou retirez celle-ci",
        ]
    );
}

#[test]
fn an_invisible_character_is_reported_at_its_position() {
    let told = |residences: &str, biens: &str| {
        let (_, faults) = read(&files(residences.as_bytes(), MANAGERS, biens.as_bytes()));
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        told.join("\n")
    };
    let of_residences = told(
        "code;nom;adresse\nA;x;y\nMZ-01\u{200b};x;y\n",
        "code;residence;libelle\n1;MZ-01;a\n",
    );
    assert!(
        of_residences.contains("biens.csv, ligne 2 : attention : la résidence « MZ-01 » n'est pas dans residences.csv sous ce même code : à la ligne 3 de residences.csv, il y a un caractère invisible (U+200B) : effacez-le"),
        "{of_residences}"
    );
    let of_biens = told(
        "code;nom;adresse\nA;x;y\nMZ 01;x;y\n",
        "code;residence;libelle\n1;MZ\u{a0}01;a\n",
    );
    assert!(
        of_biens.contains(
            "dans ce code-ci, il y a une espace insécable (U+00A0) : tapez une espace ordinaire"
        ),
        "{of_biens}"
    );
}

#[test]
fn a_residence_with_its_own_rows_is_not_suggested() {
    let residences = b"code;nom;adresse\nMM-02;x;y\nWO-01;x;y\n";
    let managers = b"residence;type;identifiant;nom;email\nMM-02;gardien;G;n;\nMZ-02;gardien;H;n;\nWO-O1;gardien;I;n;\n";
    let biens = b"code;residence;libelle\n1;MM-02;a\n2;MZ-02;b\n3;MZ-02;c\n4;WO-01;d\n5;WO-O1;e\n";
    let (_, faults) = read(&files(residences, managers, biens));
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "gestionnaires.csv, ligne 3 : attention : la résidence « MZ-02 » n'est pas dans residences.csv : ajoutez-y sa ligne, ou retirez celle-ci",
            "gestionnaires.csv, ligne 4 : attention : la résidence « WO-O1 » n'est pas dans residences.csv : vouliez-vous dire « WO-01 » (residences.csv, ligne 3) ?",
            "biens.csv, ligne 3 : attention : la résidence « MZ-02 » n'est pas dans residences.csv : ajoutez-y sa ligne, ou retirez celles-ci ; une autre ligne la nomme",
            "biens.csv, ligne 6 : attention : la résidence « WO-O1 » n'est pas dans residences.csv : vouliez-vous dire « WO-01 » (residences.csv, ligne 3) ?",
        ]
    );
}

#[test]
fn remains_of_excel_are_a_remark() {
    let residences = b"code;nom;adresse\nA;x;y\n=\"0012\";x;y\n";
    let (referentiel, faults) = read(&files(residences, MANAGERS, PLACES));
    assert!(referentiel.is_some());
    assert_eq!((faults.len(), faults[0].line), (1, 3), "{faults:?}");
    assert!(faults[0].message.contains("le code « 0012 »"), "{faults:?}");
}

/// What is reported about these exports, each with its file and line.
fn told_of(residences: &str, gestionnaires: &str, biens: &str) -> Vec<String> {
    let files = files(
        residences.as_bytes(),
        gestionnaires.as_bytes(),
        biens.as_bytes(),
    );
    let (_, faults) = read(&files);
    faults.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case("a_partir_du", "01/12/2026", true)]
#[case("À partir du", "1/12/26", true)]
#[case("Date d'effet", "2026-12-01", true)]
#[case("date_effet", "2026-12-01T00:00:00", true)]
#[case("valable jusqu'au", "31.12.2026", true)]
#[case("En vigueur le", "01/12/2026 00:00", true)]
#[case("a_partir_du", "", false)]
#[case("à partir de", "3e étage", false)]
#[case("valide", "oui", false)]
#[case("effet", "12", false)]
#[case("téléphone", "03.87.00.00.00", false)]
#[case("partir_de", "1-2", false)]
fn a_column_with_dates_is_named_only_if_a_manager_is_given_twice(
    #[case] name: &str,
    #[case] value: &str,
    #[case] is_named: bool,
) {
    let once =
        format!("residence;type;identifiant;nom;email;{name}\nA;gardien;G1;Loge;g@x.fr;{value}\n");
    let twice = format!("{once}A;gardien;G2;Loge;h@x.fr;\n");
    let told = |managers: &str| {
        told_of(
            "code;nom;adresse\nA;x;y\n",
            managers,
            "code;residence;libelle\nA-1;A;x\n",
        )
    };
    assert_eq!(told(&once), [""; 0]);
    let told = told(&twice);
    let words = format!("la colonne « {} » n'est pas lue", name.to_lowercase());
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].contains(&words), is_named, "{told:?}");
}

const UNDATED: &str = "une résidence n'a qu'un gestionnaire de chaque type ; retirez l'une de ces lignes, ou donnez-lui un autre type";

#[rstest]
#[case(
    ";debut",
    ";01/01/2026",
    ";01/12/2026",
    "une résidence n'a qu'un gestionnaire de chaque type, et la colonne « debut » n'est pas lue ; ne gardez que la ligne qui compte aujourd'hui"
)]
#[case(";debut", ";", ";", UNDATED)]
#[case("", "", "", UNDATED)]
fn two_managers_of_a_type_are_refused_with_the_remedy(
    #[case] column: &str,
    #[case] one: &str,
    #[case] other: &str,
    #[case] words: &str,
) {
    let managers = format!(
        "residence;type;identifiant;nom;email{column}\nA;gardien;G1;Loge;g@x.fr{one}\nA;gardien;G2;Loge;h@x.fr{other}\n"
    );
    let told = told_of(
        "code;nom;adresse\nA;x;y\n",
        &managers,
        "code;residence;libelle\nA-1;A;x\n",
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("gestionnaires.csv, ligne 3 : erreur : « A / gardien » est déjà donné plus haut, à la ligne 2 : "), "{told:?}");
    assert!(told[0].ends_with(&format!(" : {words}")), "{told:?}");
}

#[rstest]
#[case("Total;14;", "est un total")]
#[case("TOTAL : 14;;", "est un total")]
#[case("Total général;;14", "est un total")]
#[case("Total résidences;1 234;", "est un total")]
#[case("Total;1\u{202f}234;", "est un total")]
#[case("Total\u{a0}: 1\u{a0}234,50;;", "est un total")]
#[case("code;nom;adresse", "répète la première")]
#[case("Code;Nom;Adresse", "répète la première")]
fn a_row_that_is_no_residence_is_reported_at_its_line(#[case] row: &str, #[case] words: &str) {
    let managers = "residence;type;identifiant;nom;email\nA;gardien;G1;Loge;g@x.fr\n";
    let biens = "code;residence;libelle\nA-1;A;x\n";
    let told = told_of(
        &format!("code;nom;adresse\nA;x;y\n{row}\n"),
        managers,
        biens,
    );
    assert_eq!(told.len(), 1, "{told:?}");
    let place = "residences.csv, ligne 3 : attention : cette ligne ";
    assert!(
        told[0].starts_with(place) && told[0].contains(words),
        "{told:?}"
    );
}

#[test]
fn a_total_or_a_repeated_header_lacks_no_residence() {
    let told = told_of(
        "code;nom;adresse\nA;x;y\n",
        "residence;type;identifiant;nom;email\nA;gardien;G1;Loge;g@x.fr\nresidence;type;identifiant;nom;email\n",
        "code;residence;libelle\nA-1;A;x\ncode;residence;libelle\nTotal;1;\n",
    );
    assert_eq!(
        told,
        [
            "gestionnaires.csv, ligne 3 : attention : cette ligne répète la première et compte comme une autre : retirez-la",
            "biens.csv, ligne 3 : attention : cette ligne répète la première et compte comme une autre : retirez-la",
            "biens.csv, ligne 4 : attention : cette ligne est un total et compte comme une autre : retirez-la",
        ]
    );
}

#[rstest]
#[case("TOTAL;Station Total;3 rue Haute")]
#[case("TOTAL-3;;")]
#[case("TOTALE;14;")]
#[case("Total Energies;;")]
#[case("T;Total;")]
#[case("code;x;y")]
fn a_residence_called_like_a_total_is_left_alone(#[case] row: &str) {
    let told = told_of(
        &format!("code;nom;adresse\nA;x;y\n{row}\n"),
        "residence;type;identifiant;nom;email\nA;gardien;G1;Loge;g@x.fr\n",
        "code;residence;libelle\nA-1;A;x\n",
    );
    assert_eq!(told, [""; 0]);
}
