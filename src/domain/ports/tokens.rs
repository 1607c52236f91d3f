//! The clients of the API, and the tokens they authenticate with.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use strum::{EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::domain::ports::StoreError;

/// The part of the store that keeps the hashes of tokens.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The hashes of the stored tokens.
    async fn tokens(&self) -> Result<Vec<(Client, String)>, StoreError>;

    /// Stores a token's hash. `true` if stored.
    async fn put_token(
        &self,
        client: Client,
        hash: &str,
        if_exists: IfExists,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
}

/// The clients of the API, in the order in which tokens are listed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Client {
    /// SoWell.
    Sowell,
    /// The landlord's CRM.
    Crm,
    /// Vivest's admins and operators.
    Admin,
}

impl Client {
    /// The word in settings, database and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What to do with an existing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfExists {
    /// Keep it.
    Keep,
    /// Replace it.
    Replace,
}
