//! A real browser (Chromium, through its driver): one driver per test process, one browser per test.

use std::path::Path;
use std::sync::LazyLock;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Map, Value, json};

use crate::harness::{installed, token, until};
use crate::process::Beside;

/// A driver, by its port.
type Driver = Beside<u16>;

fn start() -> Option<Driver> {
    (installed("chromedriver") && installed("chromium")).then(|| {
        Driver::start("chromedriver --port=0", |line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        })
    })
}

/// A browser with its own profile.
pub struct Browser {
    client: Client,
}

impl Browser {
    /// `None` if Chromium is not installed.
    pub async fn open() -> Option<Self> {
        Self::with(json!({})).await
    }

    /// The same with a phone's screen, 360 pixels wide.
    pub async fn on_a_telephone() -> Option<Self> {
        let metrics = json!({"width": 360, "height": 740, "pixelRatio": 1});
        Self::with(json!({"deviceMetrics": metrics})).await
    }

    async fn with(emulation: Value) -> Option<Self> {
        static DRIVER: LazyLock<Option<Driver>> = LazyLock::new(start);
        let port = DRIVER.as_ref()?.place;
        let driver = format!("http://127.0.0.1:{port}");
        // Tests may run as root, for whom Chromium's sandbox does not start.
        let mut options = json!({"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--window-size=1280,1400",
        ]});
        if emulation != json!({}) {
            options["mobileEmulation"] = emulation;
        }
        let wanted: Map<String, Value> = [("goog:chromeOptions".to_owned(), options)]
            .into_iter()
            .collect();
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        let client = builder.capabilities(wanted).connect(&driver).await;
        Some(Self {
            client: client.unwrap(),
        })
    }

    /// Signs in at a daemon's console.
    pub async fn sign_in(&self, url: &str) {
        self.client.goto(url).await.unwrap();
        let field = self.client.find(Locator::Id("jeton")).await.unwrap();
        field.send_keys(&token("admin")).await.unwrap();
        self.press("Se connecter").await;
    }

    /// Loads a page.
    pub async fn load(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Presses the only button with this text, and waits until the following page is loaded.
    pub async fn press(&self, words: &str) {
        let path = format!("//button[normalize-space()='{words}']");
        let button = self.client.find(Locator::XPath(&path)).await.unwrap();
        self.client
            .execute("window.isBefore = true", vec![])
            .await
            .unwrap();
        button.click().await.unwrap();
        // A click may return before the following page is there.
        let followed = "return !window.isBefore && document.readyState === 'complete'";
        until("another page is there", || async {
            let followed = self.client.execute(followed, vec![]).await;
            followed.is_ok_and(|it| it == true).then_some(())
        })
        .await;
    }

    /// The value that a script returns on the page.
    pub async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// The visible text of the only element that a CSS selector finds.
    pub async fn text(&self, selector: &str) -> String {
        let found = self.client.find(Locator::Css(selector)).await.unwrap();
        found.text().await.unwrap()
    }

    /// The visible text of each element that a CSS selector finds.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for found in self.client.find_all(Locator::Css(selector)).await.unwrap() {
            texts.push(found.text().await.unwrap());
        }
        texts
    }

    /// Saves a screenshot for people to look at, and closes the browser.
    pub async fn close(self, picture: &str) {
        let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(picture);
        let png = self.client.screenshot().await.unwrap();
        std::fs::write(picture, png).unwrap();
        self.client.close().await.unwrap();
    }
}
