//! Where calls may go: the settings' own host and those they allow may have any address; others must have a public
//! one, so that no rule file can reach the internal network.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::rules::connector::Partner;
use crate::settings::LiveSettings;

/// The hosts that may have any address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowed(Vec<String>);

impl Allowed {
    /// The hosts that the settings allow for calls to a partner.
    pub fn new(partner: Partner, settings: &LiveSettings) -> Self {
        let base = match partner {
            Partner::Crm => settings.crm.base_url.as_ref(),
            Partner::Sowell => settings.sowell.as_ref().map(|it| &it.base_url),
        };
        let own = base.and_then(Url::host_str).map(str::to_owned);
        let more = settings.network.allow.iter().cloned();
        Self(own.into_iter().chain(more).collect())
    }

    /// Checks a numeric address; names are checked when they are resolved.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err("une adresse sans serveur".into()),
        };
        let host = url.host_str().unwrap_or_default();
        if self.names(host) || is_public(address) {
            Ok(())
        } else {
            Err(format!(
                "l'adresse interne {host} n'est pas permise par les réglages (network.allow)"
            ))
        }
    }

    fn names(&self, host: &str) -> bool {
        self.0.iter().any(|it| it.eq_ignore_ascii_case(host))
    }
}

/// A name that resolves to no address.
#[derive(Debug, thiserror::Error)]
#[error("the host's name leads to no address")]
pub(super) struct NoAddress(#[source] pub io::Error);

impl Resolve for Allowed {
    fn resolve(&self, name: Name) -> Resolving {
        let anywhere = self.names(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(NoAddress)?;
            let (good, bad): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|it| anywhere || is_public(it.ip()));
            if good.is_empty() && !bad.is_empty() {
                let host = name.as_str();
                tracing::error!(
                    host,
                    "the host is at an internal address that network.allow does not list"
                );
                let what = "the host is at an internal address that the settings do not allow";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, what).into());
            }
            let addresses: Addrs = Box::new(good.into_iter());
            Ok(addresses)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => is_public_v4(it),
        // An IPv4-mapped IPv6 address is checked as IPv4.
        IpAddr::V6(it) => it.to_ipv4().map_or_else(|| is_public_v6(it), is_public_v4),
    }
}

fn is_public_v4(it: Ipv4Addr) -> bool {
    let [first, second, third, _] = it.octets();
    let shared = first == 100 && (64..128).contains(&second);
    let special = first == 0 || first >= 240 || (first, second, third) == (192, 0, 0);
    let benchmark = first == 198 && (18..20).contains(&second);
    !(it.is_private()
        || it.is_loopback()
        || it.is_link_local()
        || it.is_multicast()
        || it.is_documentation()
        || shared
        || special
        || benchmark)
}

fn is_public_v6(it: Ipv6Addr) -> bool {
    let first = it.segments()[0];
    // The range routed on the Internet; NAT64 and 6to4 lead to IPv4 addresses, which may be internal.
    let global = (0x2000..0x4000).contains(&first);
    global && first != 0x2002
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_not_public() {
        for (address, wanted) in [
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("8.8.8.8", true),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::7f00:1", false),
            ("2001:4860:4860::8888", true),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), wanted, "{address}");
        }
    }

    #[test]
    fn only_hosts_of_the_settings_may_be_internal() {
        let allowed = Allowed(vec!["127.0.0.1".into(), "[::1]".into()]);
        let check = |url: &str| allowed.check(&Url::parse(url).unwrap()).is_ok();
        assert!(check("http://127.0.0.1:81/x") && check("http://[::1]/"));
        // In whichever notation.
        assert!(!check("http://127.0.0.2/") && !check("http://0x7f000002/"));
        assert!(!check("http://[::ffff:10.0.0.1]/"));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_an_internal_address_is_refused() {
        let resolve = |hosts: &[&str]| {
            let hosts = hosts.iter().map(|it| (*it).to_owned());
            Allowed(hosts.collect()).resolve("localhost".parse().unwrap())
        };
        assert!(resolve(&[]).await.is_err());
        assert!(resolve(&["LOCALHOST"]).await.is_ok());
    }
}
