//! Percentiles, medians, tables, and `benches/results.md`.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use comfy_table::presets::ASCII_MARKDOWN;

use super::options::Options;

const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/results.md");
const TITLE: &str = "# Results of the benches\n\nWritten by them; docs/performance.md says how to run and read them.\n";

/// Times, sorted from the shortest.
pub struct Latencies(Vec<Duration>);

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl Latencies {
    /// The median, in milliseconds.
    pub fn p50_ms(&self) -> f64 {
        self.quantile_ms(50)
    }

    /// The 99th percentile, in milliseconds.
    pub fn p99_ms(&self) -> f64 {
        self.quantile_ms(99)
    }

    /// In milliseconds.
    pub fn longest_ms(&self) -> f64 {
        self.quantile_ms(100)
    }

    /// Number of times.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn quantile_ms(&self, percent: usize) -> f64 {
        assert!(!self.0.is_empty(), "nothing was measured");
        millis(self.0[(self.0.len() - 1) * percent / 100])
    }
}

/// In milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The median; of two middle values, the mean.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// A number with only its significant digits.
pub fn figure(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        some if some >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The ratio of the value to `other`.
pub fn ratio(value: f64, other: f64) -> String {
    format!("{:.2}", value / other)
}

/// A table in Markdown.
pub struct Table(comfy_table::Table);

impl Table {
    /// An empty one.
    pub fn new<'a>(columns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(ASCII_MARKDOWN).set_header(columns);
        Self(table)
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells);
    }
}

/// The section of one bench in the results.
pub struct Report {
    name: &'static str,
    text: String,
}

impl Report {
    /// Starts a section that says where and how it was measured.
    pub fn new(name: &'static str) -> Self {
        let words: Vec<String> = std::env::args()
            .skip(1)
            .filter(|it| it != "--bench")
            .collect();
        let options = if words.is_empty() {
            String::new()
        } else {
            format!(" -- {}", words.join(" "))
        };
        // The heading may contain more than the bench's name.
        let bench = name.split(' ').next().unwrap_or(name);
        let text = format!(
            "`cargo bench --bench {bench}{options}`, {} UTC, revision {}, {}\n",
            chrono::Utc::now().format("%Y-%m-%d %H:%M"),
            revision(),
            machine()
        );
        Self { name, text }
    }

    /// Adds a text about the next table.
    pub fn say(&mut self, text: &str) {
        let _ = write!(self.text, "\n{text}\n");
    }

    /// Adds a table.
    pub fn table(&mut self, table: &Table) {
        let _ = write!(self.text, "\n{}\n", table.0);
    }

    /// Prints it, and unless the run was a quick one, replaces the previous results with it.
    pub fn publish(self, options: &Options) {
        println!("\n{}", self.text);
        if options.quick {
            return;
        }
        let before = fs::read_to_string(RESULTS).unwrap_or_else(|_| TITLE.to_owned());
        let (title, sections) = before.split_once("\n## ").unwrap_or((&before, ""));
        let mut sections: Vec<&str> = sections
            .split("\n## ")
            .filter(|it| !it.is_empty())
            .collect();
        sections.retain(|it| it.lines().next() != Some(self.name));
        let new = format!("{}\n\n{}", self.name, self.text);
        sections.push(&new);
        sections.sort_unstable();
        let mut after = format!("{}\n", title.trim_end());
        for section in sections {
            let _ = write!(after, "\n## {}\n", section.trim_end());
        }
        fs::write(RESULTS, after).unwrap();
    }
}

/// The commit that was built, and whether the files differ from it.
fn revision() -> String {
    let output = Command::new("git")
        .args(["describe", "--always", "--abbrev=12", "--dirty"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output();
    let told = output.ok().filter(|it| it.status.success());
    told.map_or_else(
        || "unknown".to_owned(),
        |it| String::from_utf8_lossy(&it.stdout).trim().to_owned(),
    )
}

fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|it| it.starts_with(name));
        let value = line.and_then(|it| it.split_once(':'));
        value.map_or_else(|| "unknown".to_owned(), |(_, it)| it.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = field("/proc/meminfo", "MemTotal");
    let memory = memory.trim_end_matches(" kB").parse::<u64>().unwrap_or(0);
    format!(
        "{cores} cores of {}, {} MiB of memory, Linux {}, {}",
        field("/proc/cpuinfo", "model name"),
        memory / 1024,
        kernel.trim(),
        if cfg!(debug_assertions) {
            "debug build"
        } else {
            "release build"
        }
    )
}
