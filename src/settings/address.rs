//! Where each destination is called, without the credentials for it.

use url::Url;

use crate::domain::livraison::Destination;
use crate::settings::{LiveSettings, Secret};

impl LiveSettings {
    /// The address of a destination and the authorities trusted there, as one text without any secret; `None` if
    /// nothing is sent to it. E-mails without a server are written to a folder, which is an address too.
    #[must_use]
    pub fn address_of(&self, destination: Destination) -> Option<String> {
        let (url, ca) = match destination {
            Destination::Sowell => {
                let sowell = self.sowell.as_ref()?;
                (Some(sowell.base_url.clone()), sowell.tls.ca.as_ref())
            }
            Destination::Crm => (Some(self.crm.base_url.clone()?), self.crm.tls.ca.as_ref()),
            Destination::Courriel => {
                let url = self.smtp.url.as_ref();
                (
                    url.and_then(|it| Url::parse(it.expose()).ok()),
                    self.smtp.ca.as_ref(),
                )
            }
        };
        let url = url.map(without_credentials).unwrap_or_default();
        Some(format!("{url}\n{}", ca.map_or("", Secret::expose)))
    }
}

fn without_credentials(mut url: Url) -> String {
    // An address that can have none is unchanged.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}
