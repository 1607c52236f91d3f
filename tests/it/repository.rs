//! What the repository holds: its source, documents and guides.

mod crash_points;
mod documents;
mod guide;
mod guide_sowell;
mod image;
mod layering;
mod metrics;
