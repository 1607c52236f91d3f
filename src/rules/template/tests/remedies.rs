//! What to write instead, for authors who think in French or in another language.

use super::*;

#[rstest]
#[case(
    "é {{ signalement.date_creation date_longue }}",
    32,
    "il manque « | » devant « date_longue »"
)]
#[case("{{ bien.code upper | trim }}", 14, "il manque « | » devant « upper »")]
#[case(
    "{{ \"a\" replace('a', 'b') }}",
    8,
    "il manque « | » devant « replace »"
)]
#[case(
    "{{ signalement.date_creation date_long }}",
    30,
    "il manque « | » devant « date_longue »"
)]
#[case("{% if bien et residence %}a{% endif %}", 12, "« et » s'écrit « and »")]
#[case("{% if bien ou residence %}a{% endif %}", 12, "« or »")]
#[case("{% if bien && residence %}a{% endif %}", 12, "« && » s'écrit « and »")]
#[case("{% if bien || residence %}a{% endif %}", 12, "« || » s'écrit « or »")]
#[case(
    "é{% if bien n'est pas vide %}a{% endif %}",
    13,
    "« bien n'est pas vide » s'écrit « bien », sans rien derrière"
)]
#[case(
    "{% if priorite n’est pas \"haute\" %}a{% endif %}",
    16,
    "« n’est pas … » s'écrit « != … »"
)]
#[case(
    "{% if cle n'est pas défini %}a{% endif %}",
    11,
    "« n'est pas défini » s'écrit « is not defined »"
)]
#[case(
    "é {{ bien ? bien.code : 'a : b' }}",
    11,
    "écrivez « bien.code if bien else 'a : b' »"
)]
#[case(
    "{% unless bien %}a{% endunless %}",
    4,
    "« unless » s'écrit « if not »"
)]
#[case(
    "{% if not bien %}a{% endunless %}",
    22,
    "« endunless » s'écrit « endif »"
)]
#[case(
    "{% unless bien or priorite == 'a' %}a{% endunless %}",
    4,
    "« unless … » s'écrit « if not (…) »"
)]
#[case(
    "{{ signalement.date_creation | date:\"d/m/Y\" }}",
    32,
    "« date » s'écrit seul, sans « :\"d/m/Y\" » : la forme d'une date se choisit par le filtre (date, heure, date_heure, date_longue)"
)]
#[case(
    "{{ signalement.bien | default: 'aucun' | upper }}",
    23,
    "« default:'aucun' » s'écrit « default('aucun') »"
)]
#[case(
    "{{ \"ce n'est pas ça\" upper }}",
    22,
    "il manque « | » devant « upper »"
)]
#[case(
    "{{ signalement.auteur | truncate: 20 }}",
    25,
    "filtre inconnu « truncate » : le début d'un texte s'écrit « …[:20] »"
)]
#[case("{% if non bien %}a{% endif %}", 7, "« non » s'écrit « not »")]
#[case("{% if pas bien %}a{% endif %}", 7, "« pas » s'écrit « not »")]
#[case("{% if !bien %}a{% endif %}", 7, "« ! » s'écrit « not »")]
#[case(
    "{% if residence and non bien %}a{% endif %}",
    21,
    "« non » s'écrit « not »"
)]
#[case("{% if 'x' dans bien %}a{% endif %}", 11, "« dans » s'écrit « in »")]
#[case("{% if priorite est none %}a{% endif %}", 16, "« est » s'écrit « is »")]
#[case("{% if priorite = \"b\" %}a{% endif %}", 16, "pour comparer, « == »")]
#[case(
    "{% if priorite === \"b\" %}a{% endif %}",
    16,
    "« === » s'écrit « == »"
)]
#[case("{% if priorite <> \"b\" %}a{% endif %}", 16, "« != »")]
#[case(
    "{% if signalement.photos => 1 %}a{% endif %}",
    26,
    "« => » s'écrit « >= »"
)]
#[case("{% if bien alors %}a{% endif %}", 12, "« alors » est en trop")]
#[case("{% if bien : %}a{% endif %}", 12, "« : » est en trop")]
#[case("{{ if bien }}a{% endif %}", 1, "écrivez « {% if bien %} »")]
#[case("{% if bien %}a{{ endif }}", 15, "écrivez « {% endif %} »")]
#[case(
    "{% if bien %}a{{ else }}b{% endif %}",
    18,
    "une instruction s'écrit « {% else %} »"
)]
#[case(
    "é {{{ priorite }}}",
    3,
    "deux accolades suffisent : « {{ priorite }} »"
)]
#[case(
    "é {{{ priorite }}",
    3,
    "deux accolades suffisent : « {{ priorite }} »"
)]
#[case(
    "é {% if bien }a{% endif %}",
    14,
    "il manque « % » devant cette accolade"
)]
#[case(
    "é {% if bien }\na\n{{ priorite }}{% endif %}",
    14,
    "il manque « % » devant cette accolade"
)]
#[case(
    "é { if bien %}a{% endif %}",
    3,
    "il manque « % » derrière cette accolade : écrivez « {% if bien %} »"
)]
#[case(
    "{% if bien %}a{ endif %}",
    15,
    "il manque « % » derrière cette accolade : écrivez « {% endif %} »"
)]
#[case(
    "{% if bien %}a{% endif }",
    24,
    "il manque « % » devant cette accolade"
)]
#[case(
    "{% if bien %}{% if bien %}a{% else %}b{% endif %}{% else %}c{% else %}d{% endif %}",
    61,
    "second « {% else %} »"
)]
#[case("{% if bien OR residence %}a{% endif %}", 12, "« OR » s'écrit « or »")]
#[case("{{ \"a\" & \"b\" }}", 8, "« & » s'écrit « and »")]
#[case("{{ bien.code si bien else 'x' }}", 14, "« si » s'écrit « if »")]
#[case(
    "{% if (priorite == 'b' %}a{% endif %}",
    7,
    "cette parenthèse n'est pas refermée"
)]
#[case("{% if bien % }a{% endif %}", 14, "« %} » s'écrit sans espace")]
#[case(
    "{% if bien %}a{ % endif %}",
    15,
    "« {% » s'écrit sans espace : écrivez « {% endif %} »"
)]
#[case(
    "{{ signalement auteur }}",
    16,
    "d'un seul tenant : « signalement.auteur »"
)]
#[case(
    "{% if signalement.date creation %}a{% endif %}",
    24,
    "« signalement.date_creation »"
)]
#[case(
    "{% if signalement.auteur contient 'x' %}a{% endif %}",
    26,
    "écrivez « … in … »"
)]
#[case("{{ demande.auteur }}", 4, "écrivez « signalement.auteur »")]
#[case(
    "{{ residence.gestionnaires[\"gardien\"].nom }}",
    27,
    "« {% if \"gardien\" in residence.gestionnaires %} »"
)]
#[case(
    "{{ gestionnaires.technique.nom }}",
    4,
    "écrivez « residence.gestionnaires.technique.nom »"
)]
#[case(
    "{{ signalement.description.upper }}",
    4,
    "un filtre s'écrit « signalement.description | upper »"
)]
#[case("{% if len(priorite) %}a{% endif %}", 7, "« … | length »")]
#[case("{{ priorite | truncate(20) }}", 15, "« …[:20] »")]
#[case(
    "{% for g in residence.gestionnaires %}{{ g.nom }}{% endfor %}",
    42,
    "écrivez « residence.gestionnaires[g].nom »"
)]
#[case("é {% si bien %}a{% endif %}", 6, "« si » s'écrit « if »")]
#[case(
    "é {% signalement.auteur %}",
    6,
    "écrivez « {{ signalement.auteur }} »"
)]
#[case("{%- priorite | upper -%}", 5, "écrivez « {{ priorite | upper }} »")]
#[case(
    "{% nom = residence.nom %}",
    4,
    "écrivez « {% set nom = residence.nom %} »"
)]
#[case(
    "{% if bien %}a{% sinon %}b{% endif %}",
    18,
    "« sinon » s'écrit « else »"
)]
#[case(
    "{% if bien %}a{% sinon si residence %}b{% endif %}",
    18,
    "« sinon si » s'écrit « elif »"
)]
#[case(
    "{% if bien %}a{% else if residence %}b{% endif %}",
    18,
    "« else if » s'écrit « elif »"
)]
#[case(
    "{% if bien %}a{% elseif residence %}b{% endif %}",
    18,
    "« elseif » s'écrit « elif »"
)]
#[case("{% if bien %}a{% end if %}", 18, "« end if » s'écrit « endif »")]
#[case("{% if bien %}a{% fin %}", 18, "« fin » s'écrit « endif »")]
#[case("{% for x in [1] %}a{% fin %}", 23, "« fin » s'écrit « endfor »")]
#[case("{% pour x in [1] %}a{% endfor %}", 4, "« pour » s'écrit « for »")]
#[case("{% iff bien %}a{% endif %}", 4, "vouliez-vous dire « if » ?")]
#[case("{% sii bien %}a{% endif %}", 4, "vouliez-vous dire « if » ?")]
#[case("{% inclde 'modeles/_x.txt' %}", 4, "vouliez-vous dire « include » ?")]
#[case(
    "{% if bien %}a{% else %}b{% else %}c{% endif %}",
    26,
    "second « {% else %} »"
)]
#[case(
    "{% if bien %}a{% else %}b{% elif bien %}c{% endif %}",
    26,
    "avant « {% else %} »"
)]
#[case(
    "{{ signalement.date_creation | date_long }}",
    32,
    "filtre inconnu « date_long » : vouliez-vous dire « date_longue » ?"
)]
#[case(
    "{{ priorite | majuscule }}",
    15,
    "filtre inconnu « majuscule » : vouliez-vous dire « upper » ?"
)]
#[case("{{ priorite | zzz }}", 15, "filtre inconnu « zzz »")]
#[case(
    "{{ date(signalement.date_creation) }}",
    4,
    "c'est un filtre, et s'écrit derrière la valeur, « … | date »"
)]
#[case(
    "{% if bien is vide %}a{% endif %}",
    15,
    "test inconnu « vide » : écrivez « none » à la place"
)]
#[case(
    "{{ auteur }}",
    4,
    "« auteur » n'existe pas : écrivez « signalement.auteur »"
)]
#[case(
    "{% if auteur == 'x' %}a{% endif %}",
    7,
    "« auteur » n'existe pas : écrivez « signalement.auteur »"
)]
#[case("{{ libelle }}", 4, "« bien.libelle » ou « qualification.libelle »")]
#[case("{{ autheur }}", 4, "écrivez « signalement.auteur »")]
#[case(
    "{{ signalment.auteur }}",
    4,
    "vouliez-vous dire « signalement.auteur » ?"
)]
#[case(
    "{{ signalement.nom_auteur }}",
    4,
    "vouliez-vous dire « signalement.auteur » ?"
)]
#[case(
    "{{ signalement.descripton }}",
    4,
    "vouliez-vous dire « signalement.description » ?"
)]
#[case("{{ signalement.nom }}", 4, "après « signalement. » : auteur, autres")]
#[case("{{ signalement.bien.libelle }}", 4, "écrivez « bien.libelle »")]
#[case("{{ priorite.nom }}", 4, "rien ne suit « priorite »")]
#[case("{{ demande.uid }}", 4, "le contexte s'écrit avant la demande")]
#[case(
    "{% if residence.gestionnaires.gardien %}a{% endif %}",
    7,
    "écrivez « {% if \"gardien\" in residence.gestionnaires %} »"
)]
#[case(
    "{{ residence.gestionnaires.gardien.nom }}",
    4,
    "« {% if \"gardien\" in residence.gestionnaires %} »"
)]
#[case(
    "{{ signalement.autres.etage }}",
    4,
    "« {% if \"etage\" in signalement.autres %} »"
)]
#[case("{% if bien == null %}a{% endif %}", 15, "écrivez « is none »")]
#[case("{% if bien != null %}a{% endif %}", 15, "écrivez « is not none »")]
#[case(
    "{% if signalement.transmettre_auteur == vrai %}a{% endif %}",
    41,
    "« vrai » s'écrit « true »"
)]
#[case(
    "{% for x in bien.values() %}{% endfor %}",
    17,
    "« .values(…) » n'existe pas : écrivez « {% for cle, valeur in … | items %} »"
)]
#[case("{{ priorite.truc() }}", 12, "« .truc(…) » n'existe pas")]
#[case(
    "{{ residence.adresse.split(\",\")[0] }}",
    21,
    "« .split(…) » n'existe pas : écrivez « … | split(\",\") | first » pour le premier morceau"
)]
#[case(
    "{{ residence.adresse | split(\",\")[0] }}",
    34,
    "« [0] » ne suit pas un filtre : écrivez « residence.adresse | split(\",\") | first »"
)]
#[case(
    "{{ residence.adresse | split(\",\")[2] }}",
    34,
    "écrivez « (residence.adresse | split(\",\"))[2] »"
)]
#[case(
    "{{ residence.code.type }}",
    4,
    "rien ne suit « residence.code » ; écrivez « residence.code » seul"
)]
fn the_correct_form_is_proposed(#[case] text: &str, #[case] column: u32, #[case] words: &str) {
    let told = told(text);
    assert_eq!(told.len(), 1, "{text}: {told:?}");
    assert_eq!(told[0].1, column, "{text}: {told:?}");
    assert!(told[0].2.contains(words), "{text}: {told:?}");
}

#[test]
fn no_missing_filter_is_proposed() {
    let told = told("{{ priorite.truc() }}");
    assert!(!told[0].2.contains('|'), "{told:?}");
}

#[rstest]
#[case(
    "{% if \"gardien\" in residence.gestionnaires %}{{ residence.gestionnaires.gardien.nom }}{% endif %}"
)]
#[case("{% if \"etage\" in signalement.autres %}{{ signalement.autres.etage }}{% endif %}")]
#[case("{% for g in residence.gestionnaires %}{{ residence.gestionnaires[g].nom }}{% endfor %}")]
#[case("{{ signalement.description[:20] }}{% if 'x' in signalement.auteur %}a{% endif %}")]
#[case("{% if bien is none %}a{% elif bien is not none %}b{% endif %}")]
#[case("{% if bien %}{% if not (bien or priorite == 'a') %}a{% endif %}{% endif %}")]
#[case("{{ bien.code if bien else 'a : b' }}{{ signalement.bien | default('aucun') | upper }}")]
#[case("{% if priorite != \"haute\" and cle is not defined %}a{% endif %}")]
#[case("{% for cle, valeur in bien | items %}{{ cle }} {{ valeur }}{% endfor %}")]
#[case("{% if signalement.transmettre_auteur == true and not bien %}a{% endif %}")]
#[case("{{ {\"a\": 1}.a }}{{ {'a': {'b': 1}}['a'].b }}")]
#[case(
    "{{ residence.adresse | split(\",\") | first }}{{ residence.adresse | split(\",\") | last }}"
)]
#[case("{{ (residence.adresse | split(\",\"))[0] }}{{ residence.code }}")]
#[case(
    "{% if residence.code is startingwith \"R\" or residence.code is endingwith \"R\" %}a{% endif %}"
)]
fn proposed_forms_work(#[case] text: &str) {
    let (templates, faults) = compile(&[("contexte.txt", text)]);
    assert_eq!(faults, []);
    let mut context = crate::rules::view::sample_context();
    context["signalement"]["autres"] = json!({"etage": 2});
    context["residence"]["gestionnaires"]["gardien"] = json!({"nom": "G"});
    templates.unwrap().contexte(&values_of(&context)).unwrap();
}

#[rstest]
#[case("{% if signalement.photos > 2,5 %}a{% endif %}", (1, 28), "écrivez 2.5", "{% if signalement.photos > 2.5 %}a{% endif %}")]
#[case("{% if signalement.date_creation | mois_de in 11,12 %}a{% endif %}", (1, 46), "« in » ne va qu'avec une valeur : pour plusieurs nombres, écrivez « in [11, 12] »", "{% if signalement.date_creation | mois_de in [11, 12] %}a{% endif %}")]
#[case("{% if signalement.date_creation | heure_de == 18, 19 %}a{% endif %}", (1, 47), "écrivez « in [18, 19] »", "{% if signalement.date_creation | heure_de in [18, 19] %}a{% endif %}")]
#[case("{% if signalement.date_creation | mois_de not in 7,8 %}a{% endif %}", (1, 50), "écrivez « not in [7, 8] »", "{% if signalement.date_creation | mois_de not in [7, 8] %}a{% endif %}")]
#[case("{{ 2,5 }}", (1, 4), "« 2,5 » s'écrit avec un point", "{{ 2.5 }}")]
#[case("{% if signalement.date_creation | heure_de >= 18h %}a{% endif %}", (1, 47), "écrivez 18", "{% if signalement.date_creation | heure_de >= 18 %}a{% endif %}")]
#[case("{% if signalement.date_creation | heure_de >= 8h30 %}a{% endif %}", (1, 47), "écrivez \"08:30\", guillemets compris, à comparer avec « signalement.date_creation | heure »", "{% if signalement.date_creation | heure >= \"08:30\" %}a{% endif %}")]
#[case("{% if signalement.date_creation | heure >= 18:30 %}a{% endif %}", (1, 44), "écrivez \"18:30\"", "{% if signalement.date_creation | heure >= \"18:30\" %}a{% endif %}")]
#[case("{{ «signalement.photos» }}", (1, 4), "écrivez seulement signalement.photos", "{{ signalement.photos }}")]
#[case("{{ “priorite” }}", (1, 4), "écrivez seulement priorite", "{{ priorite }}")]
#[case("{% if «signalement.photos» > 2 %}a{% endif %}", (1, 7), "écrivez seulement signalement.photos", "{% if signalement.photos > 2 %}a{% endif %}")]
#[case("{{ signalement.photos.length }}", (1, 4), "« signalement.photos » est déjà un nombre : écrivez « signalement.photos » seul", "{{ signalement.photos }}")]
#[case("{{ signalement.photos | length }}", (1, 25), "écrivez « signalement.photos » sans « | length »", "{{ signalement.photos }}")]
#[case("{% if signalement.photos | count > 2 %}a{% endif %}", (1, 28), "sans « | count »", "{% if signalement.photos > 2 %}a{% endif %}")]
#[case("{{ nom }}", (1, 4), "« signalement.auteur » pour le nom de l'auteur, « residence.nom » pour celui de la résidence", "{{ signalement.auteur }}{{ residence.nom }}")]
#[case("{{ residence-nom }}", (1, 14), "« residence-nom » n'existe pas : écrivez « residence.nom »", "{{ residence.nom }}")]
#[case("{{ residence/nom }}", (1, 14), "« residence/nom » n'existe pas : écrivez « residence.nom »", "{{ residence.nom }}")]
#[case("{{ signalement-date-creation }}", (1, 16), "écrivez « signalement.date_creation »", "{{ signalement.date_creation }}")]
#[case("{{ residence_nom }}", (1, 4), "« residence_nom » n'existe pas : écrivez « residence.nom »", "{{ residence.nom }}")]
#[case("{{ locataire }}", (1, 4), "écrivez « signalement.auteur »", "{{ signalement.auteur }}")]
#[case("{{ demandeur }}", (1, 4), "écrivez « signalement.auteur »", "{{ signalement.auteur }}")]
#[case("{{ locataire.email }}", (1, 4), "écrivez « signalement.email_auteur »", "{{ signalement.email_auteur }}")]
#[case("{{ technique.nom }}", (1, 4), "écrivez « residence.gestionnaires.technique.nom »", "{{ residence.gestionnaires.technique.nom }}")]
#[case("{{ batiment }}", (1, 4), "les noms connus sont signalement, residence, bien, qualification, priorite", "{{ residence.nom }}")]
fn a_slip_is_explained(
    #[case] text: &str,
    #[case] place: (u32, u32),
    #[case] words: &str,
    #[case] remedy: &str,
) {
    assert_one_told(text, place, words);
    assert_eq!(told(remedy), []);
}

#[test]
fn the_names_of_an_email_are_listed_with_its_own_keys() {
    let (_, faults) = compile(&[("m.txt", "Objet: x\n\n{{ nom }}{{ batiment }}")]);
    assert_eq!(faults, [], "a script may give these names");
    let (templates, _) = compile(&[("m.txt", "Objet: x\n\n{{ batiment }}")]);
    let error = templates.unwrap().mail("m", &|_, _| None).unwrap_err();
    let advised = error.advised.unwrap();
    assert!(
        advised.contains("demande, evenement, et les clés que le message de accuses.rhai ajoute"),
        "{advised}"
    );
}

#[rstest]
#[case("{% set client = [] %}{{ client.nom }}")]
#[case("{% for usager in [{}] %}{{ usager.nom }}{% endfor %}")]
fn names_given_in_the_template_are_not_advised_against(#[case] text: &str) {
    let told = told(text);
    assert!(!told.iter().any(|it| it.2.contains("auteur")), "{told:?}");
}
