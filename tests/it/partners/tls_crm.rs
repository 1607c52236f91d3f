//! A remote CRM behind TLS: the landlord's own authority, and a client certificate if the CRM requires one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::cli::on;
use crate::fake_crm::{CONNECTOR, FakeCrm};
use crate::harness::{Builder, Daemon, signalement};

/// TLS in front of the fake CRM, with the keys to open it.
struct Front {
    url: String,
    folder: TempDir,
}

/// A key and its certificate, signed by the authority.
fn certified(name: &str, issuer: &Issuer<'_, KeyPair>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

impl Front {
    /// With `demands`, only clients with a certificate of its authority are let in.
    async fn start(crm: &FakeCrm, demands: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let (client, client_key) = certified("passerelle", &issuer);
        std::fs::write(folder.path().join("authority.pem"), &authority).unwrap();
        std::fs::write(
            folder.path().join("identity.pem"),
            client + client_key.as_str(),
        )
        .unwrap();

        let (server, server_key) = certified("localhost", &issuer);
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
        roots.add(authority).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if demands {
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let server = CertificateDer::from_pem_slice(server.as_bytes()).unwrap();
        let server_key = PrivateKeyDer::from_pem_slice(server_key.as_bytes()).unwrap();
        let config = builder.with_single_cert(vec![server], server_key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let behind = crm.url.strip_prefix("http://").unwrap().to_owned();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    let mut inside = match acceptor.accept(stream).into_fallible().await {
                        Ok(inside) => inside,
                        Err((_, mut refused)) => {
                            // If it closed with unread data, its own alert would be lost.
                            let _ = tokio::io::copy(&mut refused, &mut tokio::io::sink()).await;
                            return;
                        }
                    };
                    let mut behind = TcpStream::connect(behind).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut inside, &mut behind).await;
                });
            }
        });
        Self { url, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn daemon(&self, files: &[(&str, &Path)]) -> Daemon {
        let mut builder = Builder::new();
        std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
        builder = builder
            .file("rules/connecteurs/crm.yaml", CONNECTOR)
            .set("CRM__KIND", "rest")
            .set("CRM__BASE_URL", &self.url)
            .set("SECRETS__CRM", "secret-of-the-crm");
        for (name, path) in files {
            builder = builder.set(name, path.to_str().unwrap());
        }
        builder.start().await
    }
}

/// What an operator who tries the connector sees.
fn tell(daemon: &Daemon) -> String {
    let tried = on(
        daemon,
        &[
            "connector",
            "test",
            "crm",
            "--operation",
            "chercher",
            "--live",
        ],
    );
    String::from_utf8_lossy(&tried.stderr).into_owned()
}

/// Nothing reached the CRM, nothing is stored, and the operator learns which setting is concerned.
async fn is_kept_out(daemon: &Daemon, crm: &FakeCrm, setting: &str) {
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    let listed = on(daemon, &["signalements", "list", "--format", "json"]);
    assert!(listed.stdout.is_empty(), "{listed:?}");
    let told = tell(daemon);
    assert!(
        told.contains("n'a certainement rien reçu") && told.contains(setting),
        "{told}"
    );
    assert!(crm.calls("").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_authority_is_not_trusted() {
    let crm = FakeCrm::start().await;
    let front = Front::start(&crm, false).await;
    let daemon = front.daemon(&[]).await;
    is_kept_out(&daemon, &crm, "ca_file").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_landlords_own_authority_is_trusted() {
    let crm = FakeCrm::start().await;
    let front = Front::start(&crm, false).await;
    let daemon = front
        .daemon(&[("CRM__CA_FILE", &front.file("authority.pem"))])
        .await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 201);
    assert_eq!(crm.demandes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_demands_a_certificate_lets_nobody_else_in() {
    let crm = FakeCrm::start().await;
    let front = Front::start(&crm, true).await;
    let daemon = front
        .daemon(&[("CRM__CA_FILE", &front.file("authority.pem"))])
        .await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    // With TLS 1.3 the refusal comes after the handshake: sometimes the request is only half written by then, and
    // the connection counts as lost like any other.
    let told = (0..20).map(|_| tell(&daemon));
    let told = told.inspect(|told| assert!(told.contains("n'a certainement rien reçu"), "{told}"));
    let mut told = told.filter(|told| told.contains("identity_file"));
    assert!(told.next().is_some(), "nobody is told of identity_file");
    assert!(crm.calls("").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn our_certificate_lets_us_in() {
    let crm = FakeCrm::start().await;
    let front = Front::start(&crm, true).await;
    let daemon = front
        .daemon(&[
            ("CRM__CA_FILE", &front.file("authority.pem")),
            ("CRM__IDENTITY_FILE", &front.file("identity.pem")),
        ])
        .await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 201);
    assert_eq!(crm.demandes().len(), 1);
}
