//! Settings that a checker would take from the environment.

/// Refuses to run where a variable of a checker is set: it changes what a run means without a trace
/// in its result.
///
/// # Panics
/// Where the name of one begins with `prefix`.
pub fn refuse_environment(prefix: &str) {
    let set: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    assert!(
        set.is_empty(),
        "refusing to run with {} set: the checks are configured in code",
        set.join(", ")
    );
}
