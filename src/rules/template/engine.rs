//! The engine settings for everything that is rendered or evaluated: a missing value is an error, and run time is
//! limited.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::{Captured, Environment, Error, ErrorKind, Template, UndefinedBehavior, Value};

use super::source;
use crate::rules::meter::{self, Work};

/// Maximum number of engine instructions in one rendering or evaluation; a page of text takes a few hundred.
const FUEL: u64 = 50_000;

/// The engine without our own filters.
pub(super) fn bare() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // Error messages need this; by default it is on in debug builds only.
    environment.set_debug(true);
    environment
}

/// Renders a template and adds its instructions to the measurement in progress.
pub(super) fn metered(
    template: &Template<'_, '_>,
    context: BTreeMap<Arc<str>, Value>,
) -> Result<String, Error> {
    let result = template.render_captured(context);
    let (operations, at_limit) = match &result {
        Ok(captured) => (captured.state().fuel_levels().map_or(0, |it| it.0), false),
        Err(error) if source::innermost(error).kind() == ErrorKind::OutOfFuel => (FUEL, true),
        // It is unknown where it failed.
        Err(_) => (0, false),
    };
    meter::add(Work {
        operations,
        of_templates: operations,
        at_limit: at_limit.into(),
    });
    result.map(Captured::into_output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Both ways of rendering this template, which may include `part`, and the work that was counted.
    fn rendered(text: &str, part: &str) -> ([Result<String, Error>; 2], Work) {
        let mut environment = bare();
        environment.add_template("_part", part).unwrap();
        environment.add_template("mail", text).unwrap();
        let template = environment.get_template("mail").unwrap();
        let (counted, work) = meter::measure(|| metered(&template, BTreeMap::new()));
        ([counted, template.render(())], work)
    }

    const ENDLESS: &str = "{% for x in range(60000) %}{{ x }}{% endfor %}";

    #[rstest]
    #[case::of_the_template(ENDLESS, "")]
    #[case::of_an_included_part("{% include '_part' %}", ENDLESS)]
    fn a_limit_is_counted(#[case] text: &str, #[case] part: &str) {
        let (results, work) = rendered(text, part);
        assert!(results.iter().all(Result::is_err));
        let at_limit = 1;
        let operations = FUEL;
        assert_eq!(
            work,
            Work {
                operations,
                of_templates: operations,
                at_limit
            }
        );
    }

    #[rstest]
    #[case("{{ absent }}", "")]
    #[case("{% include '_part' %}", "{{ absent }}")]
    #[case("{% include '_autre' %}", "")]
    fn another_error_is_not_a_limit(#[case] text: &str, #[case] part: &str) {
        let (results, work) = rendered(text, part);
        assert!(results.iter().all(Result::is_err));
        assert_eq!(work.at_limit, 0);
    }

    #[rstest]
    #[case("", "")]
    #[case("L'été\n{% for x in range(9) %}{{ x }}, {% endfor %}\n", "")]
    #[case("a\n{% include '_part' %}\nb", "{% set x = 3 %}{{ x * 2 }}\n")]
    fn counting_does_not_change_a_text(#[case] text: &str, #[case] part: &str) {
        let ([counted, uncounted], work) = rendered(text, part);
        assert_eq!(counted.unwrap(), uncounted.unwrap());
        assert_eq!(work.at_limit, 0);
        assert!(text.is_empty() || work.operations > 0);
    }
}
