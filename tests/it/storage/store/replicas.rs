//! PostgreSQL: several daemons at once, and a server that becomes unavailable.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use passerelle::adapters::store::postgres::{PostgresStore, migrate};
use passerelle::domain::livraison::{LivraisonEtat, Outcome};
use passerelle::domain::motif::Motif;
use passerelle::domain::ports::{
    Client, IdempotencyKey, IfOvertaken, Recorded, Reserved, RetryOutcome, Settled, Settlement,
    Signalements, Store, Wait,
};
use passerelle::domain::signalement::Etat;
use rstest::rstest;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::{Opened, at, attempt, claimed, event, record, reservation};
use crate::harness::until;
use crate::postgres::{self, Backend};

/// The server allows fewer connections than a replica can use.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_makes_do_with_the_connections_that_it_is_given() {
    let Some(url) = postgres::database().await else {
        return;
    };
    migrate(&url).await.unwrap();
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let role = url.split('?').next().unwrap().rsplit('/').next().unwrap();
    let make = format!(
        "CREATE ROLE few_{role} LOGIN CONNECTION LIMIT 6; \
         GRANT ALL ON ALL TABLES IN SCHEMA public TO few_{role}; \
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO few_{role}"
    );
    admin.execute(AssertSqlSafe(make)).await.unwrap();
    let url = url.replace("passerelle@", &format!("few_{role}@"));
    let store = Arc::new(PostgresStore::open(&url).await.unwrap());
    let writes = (0..60).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.record(record(number, None)).await })
    });
    for written in writes.collect::<Vec<_>>() {
        assert!(matches!(written.await.unwrap(), Ok(Recorded::Written)));
    }
}

#[tokio::test]
async fn a_database_that_cannot_store_some_characters_is_refused() {
    let Some(url) = postgres::database().await else {
        return;
    };
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let name = url.split('?').next().unwrap().rsplit('/').next().unwrap();
    let make =
        format!("CREATE DATABASE latin_{name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    admin.execute(AssertSqlSafe(make)).await.unwrap();
    let url = url.replace(&format!("/{name}?"), &format!("/latin_{name}?"));
    for refused in [
        migrate(&url).await,
        PostgresStore::open(&url).await.map(|_| ()),
    ] {
        let why = refused.unwrap_err().to_string();
        assert!(
            why.contains("LATIN1") && why.contains("--encoding=UTF8"),
            "{why}"
        );
    }
}

/// Two replicas claim at the same time, over and over: never two deliveries of one queue at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_claim_at_once_never_hold_two_of_one_queue() {
    let Some(opened) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let other = PostgresStore::open(&opened.url).await.unwrap();
    let stores: [Arc<dyn Store>; 2] = [opened.store.clone(), Arc::new(other)];
    for uid in 0..4 {
        let name = format!("Q{uid}");
        let written = stores[0].record(record(uid, Some(&name))).await;
        written.unwrap();
        for step in 0..6 {
            let id = format!("{name}-{step}");
            let event = event(&id, &name, &id, None);
            stores[step % 2].record_event(event).await.unwrap();
        }
    }
    let held: Arc<Mutex<HashSet<String>>> = Arc::default();
    let arrived: Arc<Mutex<Vec<String>>> = Arc::default();
    let worker = |number: usize| {
        let (store, held, arrived) = (stores[number % 2].clone(), held.clone(), arrived.clone());
        async move {
            while waits(store.as_ref()).await {
                for claim in claimed(store.as_ref(), 1).await {
                    let (queue, step) = claim.id.split_once('-').unwrap();
                    let alone = held.lock().unwrap().insert(queue.to_owned());
                    assert!(alone, "two of {queue} at once");
                    tokio::task::yield_now().await;
                    // An operator retries a dead one while those behind it are being sent.
                    let dies = claim.attempts == 0 && step == "2";
                    let outcome = if dies {
                        Outcome::Dead
                    } else {
                        Outcome::Delivered
                    };
                    held.lock().unwrap().remove(queue);
                    let ended = store.finish(&claim, attempt(None), outcome).await.unwrap();
                    assert!(ended);
                    if dies {
                        let retried = store
                            .retry_livraison(&claim.id, IfOvertaken::Send, at(0))
                            .await;
                        assert_eq!(retried.unwrap(), RetryOutcome::Queued);
                    } else {
                        arrived.lock().unwrap().push(claim.id.clone());
                    }
                }
            }
        }
    };
    let workers: Vec<_> = (0..4).map(|it| tokio::spawn(worker(it))).collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let arrived = arrived.lock().unwrap();
    for queue in 0..4 {
        let queue = format!("Q{queue}-");
        let of_queue = arrived.iter().filter(|it| it.starts_with(&queue));
        let mut steps: Vec<&str> = of_queue.map(|it| &it[queue.len()..]).collect();
        // The retried one may have been overtaken, in which case it was not sent, or only by force.
        steps.retain(|step| *step != "2");
        assert_eq!(steps, ["0", "1", "3", "4", "5"]);
    }
}

async fn waits(store: &dyn Store) -> bool {
    let waiting = store.list_livraisons(Some(LivraisonEtat::EnAttente), 1);
    !waiting.await.unwrap().is_empty()
}

#[rstest]
#[case::still_waiting(Settlement::Waits(Wait {
    etat: Etat::Differe,
    motif: Motif::for_all("absent"),
    in_doubt: false,
    confirmed: false,
    due_at: Some(at(40)),
    known_at: None,
}))]
#[case::refused(Settlement::Refused { motif: Motif::for_all("non") })]
#[case::withdrawn(Settlement::Withdrawn { motif: Motif::for_all("absent") })]
#[tokio::test]
async fn a_creation_that_is_taken_over_while_it_is_settled_stays_in_doubt(
    #[case] settlement: Settlement,
) {
    let Some(opened) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let store = opened.store.clone();
    let reserved = store.reserve(reservation(1, None)).await.unwrap();
    let Reserved::Taken(claim) = reserved else {
        panic!("{reserved:?}")
    };
    let mut other = sqlx::PgConnection::connect(&opened.url).await.unwrap();
    let takes = "BEGIN; UPDATE creations SET fence = fence + 1, in_doubt = 1, due_at = 90";
    sqlx::raw_sql(takes).execute(&mut other).await.unwrap();
    let settling = tokio::spawn(async move { store.settle(&claim, settlement).await });
    until("it waits for the other one", || async {
        let mut looks = sqlx::PgConnection::connect(&opened.url).await.unwrap();
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waiting: i64 = sqlx::query_scalar(waiting)
            .fetch_one(&mut looks)
            .await
            .unwrap();
        (waiting > 0).then_some(())
    })
    .await;
    other.execute("COMMIT").await.unwrap();
    assert_eq!(settling.await.unwrap().unwrap(), Settled::Lost);
    assert!(opened.store.any_in_doubt().await.unwrap());
    let id = record(1, None).id;
    let view = opened.store.find_signalement(id.as_str()).await.unwrap();
    assert_eq!(view.unwrap().etat, Etat::Recu);
}

#[tokio::test]
async fn replicas_that_start_at_once_create_the_tables_once() {
    let Some(url) = postgres::database().await else {
        return;
    };
    let starts = futures_util::future::join_all([migrate(&url), migrate(&url), migrate(&url)]);
    assert!(starts.await.iter().all(Result::is_ok));
    // A table of a later version does not prevent an older replica from starting.
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                 execution_time) VALUES (9999, 'later', true, '', 0)";
    connection.execute(later).await.unwrap();
    migrate(&url).await.unwrap();
}

#[tokio::test]
async fn one_key_at_two_replicas_at_once_makes_one_demande() {
    let Some(opened) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let other = PostgresStore::open(&opened.url).await.unwrap();
    for number in 0..40 {
        // Alternately one link, and two links under one Idempotency-Key.
        let links = [number, number + 1_000 * (number % 2)];
        let both = [(&*opened.store, 0), (&other as &dyn Store, 1)].map(|(store, it)| {
            let uid = format!("U{number}-{it}");
            let mut record = record(links[it], Some(&uid));
            record.key = Some(IdempotencyKey {
                client: Client::Sowell,
                value: format!("K{number}"),
            });
            store.record(record)
        });
        let both = futures_util::future::join_all(both).await;
        let written = both.iter().filter(|it| matches!(it, Ok(Recorded::Written)));
        assert_eq!(written.count(), 1);
        assert!(both.iter().any(|it| matches!(it, Ok(Recorded::Bound(_)))));
    }
}

#[tokio::test]
async fn a_lost_connection_is_reopened() {
    let Some(opened) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let store = opened.store.as_ref();
    store.record(record(1, Some("A"))).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    opened.execute(end).await.unwrap();
    store.record(record(2, Some("B"))).await.unwrap();
    assert!(store.find_signalement("B").await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_that_restarts_is_waited_for() {
    let Some(mut server) = postgres::Server::start() else {
        return;
    };
    let url = server.database().await;
    migrate(&url).await.unwrap();
    let store = PostgresStore::open(&url).await.unwrap();
    store.record(record(1, Some("A"))).await.unwrap();
    let writes = async {
        for number in 2..30 {
            let uid = format!("U{number}");
            store.record(record(number, Some(&uid))).await.unwrap();
        }
    };
    // Killed without notice to its clients, as by a power cut.
    let restarts = tokio::task::spawn_blocking(move || {
        server.restart("immediate");
        server
    });
    let ((), server) = futures_util::future::join(writes, restarts).await;
    for uid in ["A", "U2", "U29"] {
        assert!(store.find_signalement(uid).await.unwrap().is_some());
    }
    drop(server);
}
