//! Unusual answers of a remote CRM, over real connections: what they say is read, and no status is lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, header};
use chrono::Utc;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::{Builder, Daemon, FakeSowell, signalement, signalement_with, until};

/// A demande as the list of changes shows it.
fn changed(id: &str) -> Value {
    json!({"id": id, "statut": "CRC en cours", "date": Utc::now().to_rfc3339()})
}

fn as_json(body: &Value) -> Response<Body> {
    Response::new(Body::from(body.to_string()))
}

fn status(status: u16) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status.try_into().unwrap();
    answer
}

/// What answers a call for a list, by its path and query.
type Lists = Box<dyn Fn(&str) -> Response<Body> + Send + Sync>;

/// A CRM that numbers the demandes and gives its lists as a test says.
struct Crm {
    url: String,
    created: AtomicUsize,
    lists: Mutex<Option<Lists>>,
    asked: Mutex<Vec<String>>,
}

impl Crm {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let crm = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            created: AtomicUsize::new(0),
            lists: Mutex::default(),
            asked: Mutex::default(),
        });
        let serving = Arc::clone(&crm);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let crm = Arc::clone(&serving);
            async move { crm.answer(&request) }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        crm
    }

    fn answer(&self, request: &Request<Body>) -> Response<Body> {
        if request.method() == Method::POST {
            let number = self.created.fetch_add(1, Ordering::SeqCst) + 1;
            return as_json(&json!({"id": format!("A{number}")}));
        }
        let path = request.uri().to_string();
        match &*self.lists.lock().unwrap() {
            Some(lists) => {
                self.asked.lock().unwrap().push(path.clone());
                lists(&path)
            }
            // Nothing has changed yet.
            None => as_json(&json!({"t": []})),
        }
    }

    fn lists(&self, lists: impl Fn(&str) -> Response<Body> + Send + Sync + 'static) {
        *self.lists.lock().unwrap() = Some(Box::new(lists));
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A daemon that polls this CRM, with so many demandes.
async fn polling(crm: &Crm, sowell: &FakeSowell, changements: &str, demandes: u32) -> Daemon {
    let connector = format!(
        "doublons: possibles\noperations:\n  creer: {{chemin: /t, corps: {{json: {{r: '{{{{ reference }}}}', n: '{{{{ fichiers|length }}}}'}}}}, uid: /id}}\n  changements:\n    chemin: /api/tickets\n    elements: /t\n    uid: /id\n    statut: /statut\n    date: /date\n    resultat: /resultat\n    commentaire: /commentaire\n    {changements}\n"
    );
    let builder = Builder::new();
    std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    let builder = builder
        .file("rules/connecteurs/crm.yaml", &connector)
        .set("CRM__KIND", "rest")
        .set("CRM__BASE_URL", &crm.url)
        .set("CRM__TOKEN", "token-of-the-crm")
        .set("CRM__POLL", "1s");
    let daemon = builder.sowell(sowell).start().await;
    for number in 1..=demandes {
        daemon.created(&signalement(number)).await;
    }
    daemon
}

/// Waits until SoWell knows the new status of so many demandes.
async fn all_are_told(sowell: &FakeSowell, demandes: usize) {
    until("every status is sent", || async {
        let calls = sowell.calls().into_iter();
        let paths: std::collections::BTreeSet<String> = calls.map(|it| it.path).collect();
        (paths.len() == demandes).then_some(())
    })
    .await;
}

#[rstest]
#[case::one_line(&["</api/tickets>; rel=\"first\", </api/tickets?page=2>; rel=\"next\""])]
#[case::two_lines(&["</api/tickets>; rel=\"first\"", "</api/tickets?page=2>; rel=\"next\""])]
#[case::relative(&["</api/tickets>; rel=\"first\"", "<?page=2>; rel=\"next\""])]
#[tokio::test(flavor = "multi_thread")]
async fn the_next_page_is_found_in_any_line_of_a_header(#[case] lines: &'static [&'static str]) {
    let (crm, sowell) = (Crm::start().await, FakeSowell::start().await);
    let next = "page: {suivante: {entete: Link, motif: '<([^>]+)>; *rel=\"next\"'}}";
    let _daemon = polling(&crm, &sowell, next, 3).await;
    crm.lists(move |path| {
        if path != "/api/tickets" {
            return as_json(&json!({"t": [changed("A2"), changed("A3")]}));
        }
        let mut answer = as_json(&json!({"t": [changed("A1")]}));
        for line in lines {
            let line = line.parse().unwrap();
            answer.headers_mut().append(header::LINK, line);
        }
        answer
    });
    all_are_told(&sowell, 3).await;
    assert!(crm.asked().contains(&"/api/tickets?page=2".to_owned()));
}

const BY_NUMBER: &str = "parametres: {page: '{{ page.numero }}', n: '{{ page.taille }}'}";
const BY_OFFSET: &str = "parametres: {off: '{{ page.decalage }}', n: '{{ page.taille }}'}";

/// The values of a query.
fn number(path: &str, name: &str) -> Option<usize> {
    let url = url::Url::parse(&format!("http://crm{path}")).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find(|(it, _)| it == name)?.1.parse().ok()
}

/// Gives at most three elements per page, whatever is asked for.
fn three_at_most(path: &str, past_end: u16) -> Response<Body> {
    let wanted = number(path, "n").unwrap().min(3);
    let by_number = || (number(path, "page").unwrap() - 1) * wanted;
    let offset = number(path, "off").unwrap_or_else(by_number);
    let all: Vec<Value> = (1..=5).map(|it| changed(&format!("A{it}"))).collect();
    let given: Vec<Value> = all.into_iter().skip(offset).take(wanted).collect();
    if given.is_empty() && offset > 0 && past_end != 200 {
        return status(past_end);
    }
    as_json(&json!({"t": given}))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_gives_fewer_elements_than_asked_for_is_read_to_its_end(
    #[values(BY_NUMBER, BY_OFFSET)] parameters: &str,
    #[values(200, 400, 404)] past_end: u16,
) {
    let (crm, sowell) = (Crm::start().await, FakeSowell::start().await);
    let paged = format!("{parameters}\n    page: {{taille: 50}}");
    let _daemon = polling(&crm, &sowell, &paged, 5).await;
    crm.lists(move |path| three_at_most(path, past_end));
    all_are_told(&sowell, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_on_one_short_page_takes_two_calls_even_if_the_crm_has_no_pages() {
    let (crm, sowell) = (Crm::start().await, FakeSowell::start().await);
    let paged = format!("{BY_NUMBER}\n    page: {{taille: 50}}");
    let daemon = polling(&crm, &sowell, &paged, 2).await;
    let same = json!({"t": [changed("A1"), changed("A2")]});
    crm.lists(move |_| as_json(&same));
    all_are_told(&sowell, 2).await;
    until("it is polled again", || async {
        (crm.asked().len() > 3).then_some(())
    })
    .await;
    let pages: Vec<Option<usize>> = crm.asked().iter().map(|it| number(it, "page")).collect();
    assert_eq!(pages[..4], [Some(1), Some(2), Some(1), Some(2)]);
    assert_eq!(daemon.get("/readyz", "").await.json()["crm"], "ok");
}

#[rstest]
#[case::half_an_emoji(r#", "titre": "fuite \ud83d""#)]
#[case::number_out_of_range(r#", "n": 1e999"#)]
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_value_that_nobody_reads_hides_no_change(#[case] extra: &'static str) {
    let (crm, sowell) = (Crm::start().await, FakeSowell::start().await);
    let _daemon = polling(&crm, &sowell, "page: {suivante: /next}", 2).await;
    crm.lists(move |_| {
        let body = json!({"t": [changed("A1"), changed("A2")]}).to_string();
        let body = body.replacen(r#""statut""#, &format!(r#""x": 1{extra}, "statut""#), 1);
        Response::new(Body::from(format!("\u{feff}{body}")))
    });
    all_are_told(&sowell, 2).await;
}

/// A daemon whose CRM alone knows the managers.
async fn asking_for_managers(crm: &Crm) -> Daemon {
    let builder = Builder::new();
    std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    let connector = "
doublons: possibles
operations:
  creer: {chemin: /t, corps: {json: {r: '{{ reference }}', n: '{{ fichiers|length }}'}}, uid: /id}
  gestionnaires: {chemin: '/g/{{ residence }}', type: /type, identifiant: /id}
";
    let builder = builder
        .file("rules/connecteurs/crm.yaml", connector)
        .set("CRM__KIND", "rest")
        .set("CRM__BASE_URL", &crm.url)
        .set("CRM__TOKEN", "token-of-the-crm");
    builder.start().await
}

#[rstest]
#[case::refused(status(404), 502)]
#[case::bad_request(status(400), 502)]
#[case::no_type(as_json(&json!([{"type": "responsable_secteur", "id": 1}, {"type": null, "id": 2}])), 502)]
#[case::boolean(as_json(&json!([{"type": "responsable_secteur", "id": true}])), 502)]
#[case::away(status(503), 503)]
#[case::credentials(status(401), 503)]
#[case::redirection(status(302), 503)]
#[case::page(Response::new(Body::from("<html>")), 503)]
#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_crm_says_of_a_residence_keeps_its_signalement(
    #[case] answer: Response<Body>,
    #[case] wanted: u16,
) {
    let crm = Crm::start().await;
    let daemon = asking_for_managers(&crm).await;
    let answer = Mutex::new(Some(answer));
    let right = json!([{"type": "responsable_secteur", "id": 1}, {"type": "gardien", "id": 1}]);
    crm.lists(move |_| {
        let first = answer.lock().unwrap().take();
        first.unwrap_or_else(|| as_json(&right))
    });
    let body = signalement_with(1, &json!({"residence": "SANS", "bien": null}));
    let failed = daemon.post(&body).await;
    assert_eq!(failed.status, wanted);
    assert_eq!(failed.json().get("id").is_some(), wanted == 502);
    let created = daemon.post(&body).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.json()["acteur_en_charge"]["identifiant"], "1");
}
