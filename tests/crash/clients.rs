//! Clients of the daemon: SoWell sending signalements, and a CRM changing statuses. Whatever happens to a request,
//! they repeat it until the answer leaves no doubt, and keep that answer as a receipt.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::SmallRng;
use reqwest::{Client as Http, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::fake_crm::FakeCrm;
use crate::harness::{PNG, signalement_with, token};

const STATUTS: [&str; 3] = [
    "CRC en cours",
    "Vivest en attente retour",
    "Vivest en cours",
];

/// What a client knows about one signalement.
#[derive(Debug)]
pub struct Receipt {
    pub email: String,
    pub uid: String,
    /// The body of the first answer; `None` if it was a conflict's.
    answer: Option<Vec<u8>>,
    /// The photos of the content that was created; several contents if the client cannot know which one.
    pub photos: Vec<Vec<Vec<u8>>>,
    /// The acknowledged status events, in this order.
    pub statuts: Vec<Acknowledged>,
}

#[derive(Debug)]
pub struct Acknowledged {
    pub statut: &'static str,
    /// The text that identifies it in the body that SoWell receives.
    pub commentaire: String,
    /// The delivery that the 202 named; `None` if the 202 itself was lost.
    pub livraison: Option<String>,
}

/// One client.
pub struct Client {
    pub number: u32,
    pub url: String,
    /// The CRM in which a status changes before the daemon hears of it; `None` for the embedded one.
    pub crm: Option<FakeCrm>,
    pub http: Http,
    pub rng: SmallRng,
    /// The longest pause between two signalements, in milliseconds.
    pub pause_ms: u64,
}

/// An answer that leaves no doubt, and whether an earlier attempt did.
struct Certain {
    status: StatusCode,
    bytes: Vec<u8>,
    doubted: bool,
}

impl Certain {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Client {
    /// Works until told to finish, completing what it has begun.
    pub async fn run(mut self, finish: CancellationToken) -> Vec<Receipt> {
        let mut receipts: Vec<Receipt> = Vec::new();
        while !finish.is_cancelled() {
            let number = receipts.len();
            receipts.push(self.create(number).await);
            for _ in 0..self.rng.random_range(0..3) {
                // Possibly an earlier one: its statuses may still be in progress.
                let which = self.rng.random_range(number.saturating_sub(2)..=number);
                self.change_statut(&mut receipts[which]).await;
            }
            let pause = self.rng.random_range(0..=self.pause_ms);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        receipts
    }

    /// A unique picture: bytes after its end are part of the file.
    fn photo(&mut self) -> Vec<u8> {
        let mut bytes = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
        let length = self.rng.random_range(16..20_000);
        bytes.extend((0..length).map(|_| self.rng.random::<u8>()));
        bytes
    }

    fn photos(&mut self) -> Vec<Vec<u8>> {
        let count = self.rng.random_range(0..3);
        (0..count).map(|_| self.photo()).collect()
    }

    async fn create(&mut self, number: usize) -> Receipt {
        let name = format!("c{}-{number}", self.number);
        let email = format!("{name}@locataire.example");
        let key = self.number.is_multiple_of(2).then(|| format!("key-{name}"));
        let mut contents = vec![self.photos()];
        let mut doubted = false;
        loop {
            let photos = contents.last().unwrap();
            let encoded: Vec<String> = photos
                .iter()
                .map(|it| base64_simd::STANDARD.encode_to_string(it))
                .collect();
            let body = signalement_with(
                0,
                &json!({
                    "email_auteur": email,
                    "lien_sowell": format!("https://manager.sowell.example/{name}"),
                    "photos": encoded,
                }),
            );
            let Some(answer) = self
                .try_once("signalements", "sowell", key.as_deref(), &body)
                .await
            else {
                doubted = true;
                // Sometimes a photo is added meanwhile: the first ones may then be orphans.
                if self.rng.random_ratio(1, 4) {
                    contents.push(self.photos());
                }
                continue;
            };
            let told = answer.json();
            let uid = told["uid"]
                .as_str()
                .unwrap_or_else(|| panic!("{told}"))
                .to_owned();
            match answer.status {
                StatusCode::CREATED | StatusCode::OK => contents = vec![contents.pop().unwrap()],
                // One of the earlier contents got through.
                StatusCode::CONFLICT if doubted && contents.len() > 1 => {
                    contents.pop();
                }
                other => panic!("{other} to {name}: {}", answer.text()),
            }
            let receipt = Receipt {
                email,
                uid,
                answer: (answer.status != StatusCode::CONFLICT).then_some(answer.bytes),
                photos: contents,
                statuts: Vec::new(),
            };
            if receipt.answer.is_some() && self.rng.random_ratio(1, 3) {
                let again = self
                    .until_certain("signalements", "sowell", key.as_deref(), &body)
                    .await;
                assert_eq!(again.status, StatusCode::OK, "{name}: {}", again.text());
                assert_eq!(Some(&again.bytes), receipt.answer.as_ref(), "{name}");
            }
            return receipt;
        }
    }

    async fn change_statut(&mut self, receipt: &mut Receipt) {
        let commentaire = format!("{} {}", receipt.email, receipt.statuts.len());
        let statut = STATUTS[self.rng.random_range(0..STATUTS.len())];
        let body = json!({
            "statut": statut, "evenement": commentaire, "commentaire": commentaire
        });
        if let Some(crm) = &self.crm {
            crm.change(&receipt.uid, statut, None);
            if self.rng.random_ratio(1, 3) {
                // A CRM that notifies late: the daemon may poll the change first.
                let pause = self.rng.random_range(0..2_000);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
        let path = format!("demandes/{}/statut", receipt.uid);
        let answer = self.until_certain(&path, "crm", None, &body).await;
        let told = answer.json();
        match answer.status {
            StatusCode::ACCEPTED => {}
            // Only an event that was sent before can have been received before.
            StatusCode::OK if answer.doubted => {}
            other => panic!("{other} to {commentaire}: {told}"),
        }
        receipt.statuts.push(Acknowledged {
            statut,
            commentaire,
            livraison: told["livraison"].as_str().map(str::to_owned),
        });
    }

    async fn until_certain(
        &mut self,
        path: &str,
        client: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Certain {
        let mut doubted = false;
        loop {
            match self.try_once(path, client, key, body).await {
                Some(answer) => return Certain { doubted, ..answer },
                None => doubted = true,
            }
        }
    }

    /// `None` if the answer, or its absence, leaves a doubt.
    async fn try_once(
        &mut self,
        path: &str,
        client: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Option<Certain> {
        let url = format!("{}/api/v1/{path}", self.url);
        let mut request = self.http.post(url).bearer_auth(token(client)).json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = async {
            let response = request.send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        match answer.await {
            Ok((StatusCode::SERVICE_UNAVAILABLE, _)) | Err(_) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                None
            }
            Ok((status, bytes)) => Some(Certain {
                status,
                bytes: bytes.to_vec(),
                doubted: false,
            }),
        }
    }
}
