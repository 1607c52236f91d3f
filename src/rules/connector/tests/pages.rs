//! How lists of numbered pages end: APIs disagree about what lies past the last one.

use super::*;

/// What the API has, and how it gives it.
struct Api {
    /// How many elements, numbered from 1.
    count: u32,
    /// The most elements that it gives, whatever it is asked for.
    most: usize,
    /// What it gives instead of a page past the last one; by default, an empty list.
    past: Option<Answer>,
    ignores_page: bool,
}

const ALL: Api = Api {
    count: 4,
    most: 100,
    past: None,
    ignores_page: false,
};

impl Api {
    fn answer(&self, offset: usize, wanted: usize) -> Answer {
        let offset = if self.ignores_page { 0 } else { offset };
        let size = wanted.min(self.most);
        let given: Vec<u32> = (1..=self.count).skip(offset).take(size).collect();
        if let (true, Some(past)) = (given.is_empty() && offset > 0, &self.past) {
            return past.clone();
        }
        let issue = |id| json!({"id": id, "status": {"name": "Ouverte"}, "updated": "2026-01-02 03:04:05", "age": offset});
        let issues: Vec<Json> = given.into_iter().map(issue).collect();
        answer(200, &json!({"issues": issues}).to_string())
    }
}

struct Listed {
    uids: Vec<String>,
    calls: usize,
    /// How the last page was read.
    end: Result<Extracted, Failure>,
}

/// Reads the list to its end, of pages selected as the text says.
fn list(text: &str, api: &Api) -> Listed {
    let (connector, faults) = compile(text);
    assert_eq!(faults, []);
    let connector = connector.unwrap();
    let access = connector.sample_access().unwrap();
    let operation = Operation::Changements;
    let (mut uids, mut next) = (Vec::new(), None);
    for calls in 1..20 {
        let mut values = sample(operation);
        values["page"] = connector.page(operation, next.as_deref());
        let request = connector.render(operation, Step::Main, &values, &access);
        let asked: std::collections::HashMap<String, String> =
            request.unwrap().url.query_pairs().into_owned().collect();
        let number = |name: &str| asked.get(name).map(|it| it.parse::<usize>().unwrap());
        let wanted = number("limit").unwrap();
        let by_number = || (number("page").unwrap() - 1) * wanted.min(api.most);
        let offset = number("offset").unwrap_or_else(by_number);
        let answer = api.answer(offset, wanted);
        let read = connector.interpret(operation, Step::Main, &values, &access, &answer);
        let items = read.as_ref().map(|it| it.items.as_slice());
        uids.extend(items.unwrap_or_default().iter().map(|it| it["uid"].clone()));
        next = read
            .as_ref()
            .ok()
            .and_then(|it| Some(it.next.as_ref()?.page.clone()));
        if next.is_none() {
            return Listed {
                uids,
                calls,
                end: read,
            };
        }
    }
    panic!("it does not end: {uids:?}");
}

fn sized(size: u32) -> String {
    API.replace("page: {taille: 2}", &format!("page: {{taille: {size}}}"))
}

fn numbered(size: u32) -> String {
    sized(size).replace("offset: '{{ page.decalage }}'", "page: '{{ page.numero }}'")
}

const FOUR: [&str; 4] = ["1", "2", "3", "4"];

#[rstest]
#[case::last_page_short(3, 100, 3)]
#[case::last_page_full(2, 100, 3)]
#[case::one_short_page(5, 100, 2)]
#[case::one_full_page(4, 100, 2)]
#[case::fewer_than_asked_for(50, 3, 3)]
#[case::fewer_than_asked_for_and_full(50, 2, 3)]
fn a_list_is_read_until_a_page_is_empty(
    #[case] size: u32,
    #[case] most: usize,
    #[case] calls: usize,
    #[values(false, true)] by_number: bool,
) {
    let text = if by_number {
        numbered(size)
    } else {
        sized(size)
    };
    let listed = list(&text, &Api { most, ..ALL });
    assert_eq!(listed.uids, FOUR);
    assert_eq!(listed.calls, calls);
}

#[test]
fn an_empty_list_takes_one_call() {
    let nothing = Api { count: 0, ..ALL };
    assert_eq!(list(&sized(2), &nothing).calls, 1);
}

#[rstest]
#[case::not_found(404, "{\"detail\": \"Invalid page.\"}")]
#[case::range(416, "")]
fn a_refused_page_after_another_one_ends_the_list(
    #[case] status: u16,
    #[case] body: &str,
    #[values(2, 3, 50)] size: u32,
) {
    let past = Some(answer(status, body));
    let listed = list(&sized(size), &Api { past, ..ALL });
    assert_eq!(listed.uids, FOUR);
    // Everything was on one page, unless that was a full one.
    assert_eq!(listed.end.unwrap().past_end, size != 2);
}

#[rstest]
#[case::no_list_after_a_short_page(200, "{}", 50, None)]
#[case::no_list_after_a_full_page(200, "{}", 2, Some(Meaning::Unavailable))]
#[case::unknown_refusal_after_a_short_page(422, "", 50, None)]
#[case::unknown_refusal_after_a_full_page(422, "", 2, Some(Meaning::Refused))]
#[case::bad_request_after_a_short_page(400, "[\"ERROR_RANGE_EXCEED_TOTAL\"]", 50, None)]
#[case::bad_request_after_a_full_page(400, "offset too large", 2, Some(Meaning::Refused))]
#[case::no_content_after_a_short_page(204, "", 50, None)]
#[case::null_after_a_short_page(200, "null", 50, None)]
#[case::sign_in_page(200, "<html>", 50, Some(Meaning::Unavailable))]
#[case::overload(429, "", 50, Some(Meaning::Unavailable))]
#[case::failure(500, "", 50, Some(Meaning::Unavailable))]
#[case::rights(403, "", 50, Some(Meaning::Unauthorized))]
fn other_answers_end_a_list_only_where_nothing_can_be_missing(
    #[case] status: u16,
    #[case] body: &str,
    #[case] size: u32,
    #[case] wanted: Option<Meaning>,
) {
    let past = Some(answer(status, body));
    let listed = list(&sized(size), &Api { past, ..ALL });
    assert_eq!(listed.end.err().map(|it| it.meaning), wanted);
}

#[test]
fn a_refused_first_page_is_not_an_empty_list() {
    let api = api();
    let access = api.sample_access().unwrap();
    let values = sample(Operation::Changements);
    for status in [400, 404] {
        let refused = answer(status, "{}");
        let read = api.interpret(
            Operation::Changements,
            Step::Main,
            &values,
            &access,
            &refused,
        );
        assert_eq!(read.unwrap_err().meaning, Meaning::Refused);
    }
}

/// If the same page comes again, that an API has no pages shows in what is read, even if other fields differ.
#[rstest]
#[case::kept("")]
#[case::not_kept("garder_si: element.id > 9\n    ")]
fn an_api_without_pages_gives_its_only_page_twice(#[case] keep: &str) {
    let text = numbered(50).replace(
        "uid: /id\n    statut",
        &format!("uid: /id\n    {keep}statut"),
    );
    let listed = list(
        &text,
        &Api {
            ignores_page: true,
            ..ALL
        },
    );
    assert_eq!(listed.calls, 2);
    assert!(listed.end.unwrap().past_end);
    let wanted: &[&str] = if keep.is_empty() { &FOUR } else { &[] };
    assert_eq!(listed.uids, wanted);
}

#[rstest]
#[case("?page=2", "https://api.example/v2/issues.json?page=2")]
#[case("page/2", "https://api.example/v2/page/2")]
#[case("/v2/issues?page=2", "https://api.example/v2/issues?page=2")]
#[case("//api.example/x", "https://api.example/x")]
#[case("https://api.example/y?z=1", "https://api.example/y?z=1")]
fn the_address_of_the_next_page_is_relative_to_the_page_that_names_it(
    #[case] given: &str,
    #[case] called: &str,
) {
    let text = API
        .replace("page: {taille: 2}", "page: {suivante: /next}")
        .replace(
            "chemin: /issues.json\n    parametres: {updated_on",
            "chemin: /v2/issues.json\n    parametres: {updated_on",
        );
    let connector = compile(&text).0.unwrap();
    let access = connector.sample_access().unwrap();
    let operation = Operation::Changements;
    let after = |page: Option<&str>, next: &str| {
        let mut values = sample(operation);
        values["page"] = connector.page(operation, page);
        let answer = answer(200, &json!({"issues": [], "next": next}).to_string());
        let read = connector.interpret(operation, Step::Main, &values, &access, &answer);
        read.unwrap().next.unwrap().page
    };
    let url = |page: &str| {
        let mut values = sample(operation);
        values["page"] = connector.page(operation, Some(page));
        let request = connector.render(operation, Step::Main, &values, &access);
        request.unwrap().url.to_string()
    };
    let second = after(None, given);
    assert_eq!(url(&second), called);
    // The third is relative to the second.
    let third = url(&after(Some(&second), "?page=3"));
    let second = called.split('?').next().unwrap();
    assert_eq!(third, format!("{second}?page=3"));
}
