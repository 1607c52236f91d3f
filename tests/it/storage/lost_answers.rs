//! Commits that held although the store never received their answers.

use std::time::Duration;

use passerelle::adapters::store::postgres::{PostgresStore, migrate};
use passerelle::domain::ports::{Outbox, PendingCreations, Reserved, Signalements};
use sqlx::{Connection, Executor, PgConnection};

use crate::postgres;
use crate::storage::store::{at, record, reservation};

/// A server whose commits hold and wait for a standby that never comes, until their sessions are ended.
struct Mute {
    server: postgres::Server,
    url: String,
}

impl Mute {
    async fn start() -> Option<Self> {
        let server = postgres::Server::start()?;
        let url = server.database().await;
        migrate(&url).await.unwrap();
        Some(Self { server, url })
    }

    async fn fall_silent(&self) -> PgConnection {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        set_standby(&mut connection, "'nobody'").await;
        connection
    }
}

async fn set_standby(connection: &mut PgConnection, names: &'static str) {
    let set = format!("ALTER SYSTEM SET synchronous_standby_names = {names}");
    connection.execute(sqlx::AssertSqlSafe(set)).await.unwrap();
    connection.execute("SELECT pg_reload_conf()").await.unwrap();
    // Each session applies the setting after it was announced, so this one does too.
    loop {
        let shown: String = sqlx::query_scalar("SHOW synchronous_standby_names")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        if shown == names.trim_matches('\'') {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Runs both; the second makes the first lose an answer.
async fn both<T>(work: impl Future<Output = T>, lose: impl Future<Output = ()>) -> T {
    let both = futures_util::future::join(work, lose);
    let done = tokio::time::timeout(Duration::from_mins(1), both).await;
    done.expect("no commit waited for its answer").0
}

/// Ends the session whose commit waits, and lets the server answer again.
async fn lose_one_answer(connection: &mut PgConnection) {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    while connection.execute(end).await.unwrap().rows_affected() == 0 {
        tokio::task::yield_now().await;
    }
    set_standby(connection, "''").await;
}

#[tokio::test]
async fn a_reservation_whose_answer_is_lost_is_still_recognised() {
    let Some(mute) = Mute::start().await else {
        return;
    };
    let store = PostgresStore::open(&mute.url).await.unwrap();
    let mut way_around = mute.fall_silent().await;
    let reserved = store.reserve(reservation(1, Some("K")));
    let reserved = both(reserved, lose_one_answer(&mut way_around)).await;
    let Reserved::Taken(claim) = reserved.unwrap() else {
        panic!("taken for somebody else's")
    };
    assert!(store.begin_call(&claim, at(20), false).await.unwrap());
    // Anyone who comes meanwhile has a different one.
    let second = store.reserve(reservation(1, Some("K"))).await.unwrap();
    assert!(matches!(second, Reserved::Pending(_)));
    drop(mute.server);
}

#[tokio::test]
async fn an_e_mail_is_sent_once_though_the_answer_of_its_commit_is_lost() {
    let Some(mute) = Mute::start().await else {
        return;
    };
    let store = PostgresStore::open(&mute.url).await.unwrap();
    let mut way_around = mute.fall_silent().await;
    let mut kept = record(1, None);
    kept.livraisons = vec![crate::storage::store::push("mail", "kept")];
    let recorded = both(store.record(kept), lose_one_answer(&mut way_around)).await;
    recorded.unwrap();
    assert_eq!(store.list_livraisons(None, 10).await.unwrap().len(), 1);
    drop(mute.server);
}
