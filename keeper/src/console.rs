//! The page for people: one file, nothing from elsewhere. It polls what every other client can ask for, too.

/// The page.
pub const PAGE: &str = include_str!("console.html");

#[cfg(test)]
mod tests {
    use super::PAGE;

    #[test]
    fn the_page_is_self_contained_and_escapes_what_it_shows() {
        for foreign in ["http://", "https://", "src=", "@import", "url(", "innerHTML", "document.write", "eval("] {
            assert!(!PAGE.contains(foreign), "the page has {foreign}");
        }
        for asked in ["/v1/status", "/v1/requests", "/v1/provers", "/v1/instances", "/v1/decisions"] {
            assert!(PAGE.contains(asked), "the page does not ask for {asked}");
        }
    }
}
