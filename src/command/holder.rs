/// Who runs this, for others who find the Lease taken: `user@host-pid`.
pub(super) fn holder() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let host = std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    let host = host.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_else(|| "localhost".into());
    format!("{user}{host}-{}", std::process::id())
}
