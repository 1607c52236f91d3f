//! Lists of several pages whose requests ask for none of them: each would bring the first one again, without end.

use super::Described;
use super::check::Found;

/// Notes what keeps a list from going on.
pub(super) fn check(described: &Described, found: &mut Vec<Found>) {
    let page = &described.page;
    if page.next.is_some() {
        // Its own address says which page it is.
        return;
    }
    let asked_by = |words: &[&str]| {
        let mut asked = false;
        let calls = described.before.iter().map(|it| &it.call);
        for call in calls.chain([&described.call]) {
            call.visit(&mut |text, _| {
                let named = words.iter().any(|it| text.text.source().contains(it));
                asked |= named || text.text.names().contains("page");
            });
        }
        asked
    };
    let mut tell = |(line, column), message: &str| found.push((line, column, message.to_owned()));
    if page.cursor.is_some() {
        if !asked_by(&["curseur"]) {
            let message = "« curseur » demande {{ page.curseur }} dans la requête : sans lui, la première page reviendrait sans fin";
            tell(page.cursor_at, message);
        }
    } else if page.size.is_some() && !asked_by(&["numero", "decalage"]) {
        let message = "« taille » demande {{ page.numero }} ou {{ page.decalage }} dans la requête : sans eux, la première page reviendrait sans fin";
        tell(page.size_at, message);
    }
}
