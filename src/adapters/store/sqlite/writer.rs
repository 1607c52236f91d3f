//! Group commit: one connection writes, and all that waits when it is free shares one commit.
//!
//! It does not wait for more: an idle daemon commits a single request at once, a busy one finds the next batch
//! waiting. Durability then costs one sync per batch, not one per request. Writes that nobody waits for, such as
//! the record that an e-mail was sent, do wait a little for others.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::adapters::store::sqlite::log::{self, Log};
use crate::adapters::store::sqlite::place::DatabaseFile;
use crate::adapters::store::sqlite::{failed, first_time, shared};
use crate::crash;
use crate::domain::ports::{NewRecord, Recorded, StoreError};

/// The most writes that share one commit. More would hardly make it cheaper, and those behind them would wait
/// longer.
const MAX_BATCH: usize = 64;
/// How long a write that is not urgent waits for others to share its commit.
const LINGER: Duration = Duration::from_millis(20);
/// The most writes that may wait; beyond it, callers wait to hand theirs over.
const QUEUE: usize = 4096;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Hands writes to the one connection that writes.
pub(super) struct Writer {
    queue: mpsc::Sender<Work>,
}

/// A write that waits for its commit.
enum Work {
    /// A signalement: written together with the others of its batch, table by table.
    Record(Box<NewRecord>, Reply<Recorded>),
    /// Any other write.
    Task(Box<dyn Task>),
    /// One that is not urgent.
    Deferred(Box<dyn Task>),
    /// Not a write: the log is copied into the file.
    Checkpoint(Reply<()>),
}

impl Writer {
    /// Takes over the connection, with the options to open another like it and the file that both use; the task
    /// ends when the last `Writer` is dropped.
    pub(super) fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        place: DatabaseFile,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let connection = Connection {
            opened: Some(connection),
            log: Log::new(options.clone()),
            options,
            place,
            told: false,
            saved: false,
        };
        tokio::spawn(run(connection, waiting));
        Self { queue }
    }

    /// Writes a signalement; returns after the commit.
    pub(super) async fn record(&self, record: NewRecord) -> Result<Recorded, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Work::Record(Box::new(record), reply)).await?;
        answer.await.map_err(|_| gone())?
    }

    /// Runs `body` inside a transaction; returns after the commit.
    ///
    /// `body` may run twice: when another write of its batch fails, each is tried alone.
    pub(super) async fn write<I, T, F>(&self, input: I, body: F) -> Result<T, StoreError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.put(input, body, Work::Task).await
    }

    /// The same for a write that is not urgent: it waits a little for another write's commit, so that many such
    /// writes do not keep the disk from those that someone waits for.
    pub(super) async fn write_along<I, T, F>(&self, input: I, body: F) -> Result<T, StoreError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.put(input, body, Work::Deferred).await
    }

    async fn put<I, T, F>(
        &self,
        input: I,
        body: F,
        work: fn(Box<dyn Task>) -> Work,
    ) -> Result<T, StoreError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Body {
            input,
            run: body,
            value: None,
            reply,
        };
        self.send(work(Box::new(task))).await?;
        answer.await.map_err(|_| gone())?
    }

    /// Copies the log into the file, after the writes that were handed over before.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Work::Checkpoint(reply)).await?;
        answer.await.map_err(|_| gone())?
    }

    async fn send(&self, work: Work) -> Result<(), StoreError> {
        self.queue.send(work).await.map_err(|_| gone())
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the writer has stopped".into())
}

/// A write with its types erased, so that one queue holds them all.
#[async_trait]
trait Task: Send {
    /// Writes, and keeps the answer.
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError>;
    /// Answers, once it is known whether the commit held.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Body<I, T, F> {
    input: I,
    run: F,
    value: Option<T>,
    reply: Reply<T>,
}

#[async_trait]
impl<I, T, F> Task for Body<I, T, F>
where
    I: Send + Sync,
    T: Send,
    F: for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, Result<T, StoreError>>
        + Send
        + Sync,
{
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        self.value = Some((self.run)(connection, &self.input).await?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (committed, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(StoreError::Fault("a write was not run".into())),
        };
        // A caller that has gone away does not need the answer.
        let _ = self.reply.send(answer);
    }
}

/// The connection that writes.
struct Connection {
    /// `None` after a failure, until the next write opens a new one.
    opened: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    place: DatabaseFile,
    /// Whether the loss of the file has been logged.
    told: bool,
    /// Whether a log that was removed has been copied into the file.
    saved: bool,
    log: Log,
}

impl Connection {
    /// Refuses to write to a file that the next start would not find, and logs this once.
    async fn check_place(&mut self) -> Result<(), StoreError> {
        let found = self.place.check().and_then(|()| match self.opened {
            Some(_) => self.place.check_log(),
            // The last connection to close may have deleted it.
            None => Ok(()),
        });
        if let Err(error) = &found
            && !self.told
        {
            tracing::error!(%error, "ALARM: nothing is accepted until the database is back or the daemon is restarted");
        }
        // A reader may prevent a complete copy: then it is tried again.
        self.saved = found.is_err() && (self.saved || self.save_log().await);
        self.told = found.is_err();
        found.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Copies a log that was removed into the file, where the next start finds it. Otherwise, all writes since the
    /// last copy would be lost with this process.
    async fn save_log(&mut self) -> bool {
        if let Some(opened) = &mut self.opened
            && self.place.lacks_only_its_log()
            && log::copy_whole(opened).await
        {
            tracing::warn!("the log's content was copied into the database; restart the daemon");
            return true;
        }
        false
    }

    async fn open(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.opened.is_none() {
            let opened = self.options.connect().await;
            self.opened = Some(opened.map_err(failed)?);
            self.place.reopened();
        }
        let opened = self.opened.as_mut();
        opened.ok_or_else(|| StoreError::Fault("no connection".into()))
    }

    /// Drops a connection whose transaction may or may not have ended.
    async fn discard(&mut self) {
        if let Some(connection) = self.opened.take() {
            let _ = connection.close_hard().await;
        }
    }
}

async fn run(mut connection: Connection, mut waiting: mpsc::Receiver<Work>) {
    let mut next: VecDeque<Work> = VecDeque::new();
    loop {
        if next.is_empty() {
            match waiting.recv().await {
                Some(work) => next.push_back(work),
                None => return,
            }
        }
        let end = Instant::now() + LINGER;
        while next.len() < MAX_BATCH {
            let deferred = next.iter().all(|it| matches!(it, Work::Deferred(_)));
            let more = if deferred {
                timeout_at(end, waiting.recv()).await.unwrap_or_default()
            } else {
                waiting.try_recv().ok()
            };
            match more {
                Some(work) => next.push_back(work),
                None => break,
            }
        }
        let (batch, checkpoints) = Batch::take(&mut next);
        let writes = batch.len();
        if writes > 0 {
            commit(&mut connection, batch).await;
        }
        // Those who waited have their answers by now.
        if let Some(opened) = &mut connection.opened {
            if checkpoints.is_empty() {
                connection.log.grew(writes, opened).await;
            } else {
                connection.log.finish(opened).await;
            }
        }
        for reply in checkpoints {
            let _ = reply.send(Ok(()));
        }
    }
}

/// Writes that go into one transaction.
#[derive(Default)]
struct Batch {
    records: Vec<NewRecord>,
    replies: Vec<Reply<Recorded>>,
    tasks: Vec<Box<dyn Task>>,
}

impl Batch {
    /// Takes the writes that can go together. Two signalements with a key in common cannot: the second must see the
    /// first, so it waits for the next batch. Also returns who waits for the log to be copied.
    fn take(next: &mut VecDeque<Work>) -> (Self, Vec<Reply<()>>) {
        let mut batch = Self::default();
        let mut checkpoints = Vec::new();
        let mut ids = HashSet::new();
        let mut keys = HashSet::new();
        let mut later = VecDeque::new();
        for work in next.drain(..) {
            match work {
                Work::Record(record, reply) => {
                    let shares = ids.contains(&record.id)
                        || record.key.as_ref().is_some_and(|key| keys.contains(key));
                    if shares {
                        later.push_back(Work::Record(record, reply));
                        continue;
                    }
                    ids.insert(record.id.clone());
                    keys.extend(record.key.clone());
                    batch.records.push(*record);
                    batch.replies.push(reply);
                }
                Work::Task(task) | Work::Deferred(task) => batch.tasks.push(task),
                Work::Checkpoint(reply) => checkpoints.push(reply),
            }
        }
        *next = later;
        (batch, checkpoints)
    }

    fn len(&self) -> usize {
        self.records.len() + self.tasks.len()
    }

    /// One batch for each write, to find the one that fails.
    fn split(self) -> impl Iterator<Item = Self> {
        let records = self.records.into_iter().zip(self.replies);
        let records = records.map(|(record, reply)| Self {
            records: vec![record],
            replies: vec![reply],
            tasks: Vec::new(),
        });
        let tasks = self.tasks.into_iter().map(|task| Self {
            tasks: vec![task],
            ..Self::default()
        });
        records.chain(tasks)
    }

    fn answer(self, outcome: Result<Vec<Recorded>, StoreError>) {
        let committed = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        for task in self.tasks {
            task.answer(committed.clone());
        }
        match outcome {
            Ok(recorded) => {
                for (reply, recorded) in self.replies.into_iter().zip(recorded) {
                    let _ = reply.send(Ok(recorded));
                }
            }
            Err(error) => {
                for reply in self.replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }
}

async fn commit(connection: &mut Connection, mut batch: Batch) {
    let outcome = attempt(connection, &mut batch).await;
    // A problem of the database concerns all of them: trying each alone would only repeat the wait.
    let all_alike = matches!(outcome, Ok(_) | Err(StoreError::Unavailable(_)));
    if all_alike || batch.len() == 1 {
        batch.answer(outcome);
        return;
    }
    // One bad write must not fail the rest of its batch.
    for mut alone in batch.split() {
        let outcome = attempt(connection, &mut alone).await;
        alone.answer(outcome);
    }
}

async fn attempt(
    connection: &mut Connection,
    batch: &mut Batch,
) -> Result<Vec<Recorded>, StoreError> {
    connection.check_place().await?;
    let opened = connection.open().await?;
    let outcome = transact(opened, batch).await;
    let usable = match &outcome {
        Ok(_) => true,
        // On a full disk, SQLite may or may not have ended the transaction by itself.
        Err(StoreError::Unavailable(_)) => false,
        Err(_) => run_alone(opened, "ROLLBACK").await.is_ok(),
    };
    if !usable {
        connection.discard().await;
    }
    let recorded = outcome?;
    // Writes to a file that was moved away meanwhile are not confirmed either.
    connection.check_place().await?;
    Ok(recorded)
}

async fn transact(
    connection: &mut SqliteConnection,
    batch: &mut Batch,
) -> Result<Vec<Recorded>, StoreError> {
    let recorded = if first_time::begin(connection, &batch.records).await? {
        batch.records.iter().map(|_| Recorded::Written).collect()
    } else {
        // IMMEDIATE takes the write lock at once, so no later statement can find it taken.
        run_alone(connection, "BEGIN IMMEDIATE").await?;
        shared::batch::record(connection, &batch.records).await?
    };
    for task in &mut batch.tasks {
        task.run(connection).await?;
    }
    crash::point("store.commit.before");
    run_alone(connection, "COMMIT").await?;
    crash::point("store.commit.after");
    Ok(recorded)
}

/// Runs a statement without values.
pub(super) async fn run_alone(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), StoreError> {
    sqlx::query(statement)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}
