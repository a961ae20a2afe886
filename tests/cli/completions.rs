//! What a shell offers where its user is typing: asked of the real shells, with the program in their PATH.

use std::path::Path;
use std::process::Command;

use crate::home::Home;

/// A home with a kubeconfig, a profile of its own, and the program in a folder that the PATH names.
fn home() -> Home {
    let home = Home::new();
    home.knows("https://127.0.0.1:1");
    home.write("mine.yaml", "extends: demo\n");
    home.write("notes.txt", "");
    std::fs::create_dir(home.path("bin")).unwrap();
    let program = env!("CARGO_BIN_EXE_kubestock-install");
    std::os::unix::fs::symlink(program, home.path("bin/kubestock-install")).unwrap();
    home
}

/// The shell, with an environment that holds nothing but what it needs.
fn shell(home: &Home, program: &str, arguments: &[&str]) -> Command {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", home.path("bin").display());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(home.path("")).env_clear();
    command.env("HOME", home.path("")).env("PATH", path).env("LANG", "C.UTF-8").env("TERM", "dumb");
    command
}

fn said(mut command: Command) -> Vec<String> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn is_here(program: &str) -> bool {
    ["/usr/bin", "/bin", "/usr/local/bin"].iter().any(|folder| Path::new(folder).join(program).exists())
}

/// What bash offers at the end of the line. The last word is what was typed of it, perhaps nothing.
fn bash(home: &Home, line: &str) -> Vec<String> {
    let script = r#"
        eval "$(kubestock-install completions bash)" || exit
        complete -p kubestock-install >/dev/null || exit
        line="$1"
        IFS=' ' read -r -a COMP_WORDS <<<"$line"
        case "$line" in *' ') COMP_WORDS+=('') ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE="$line" COMP_POINT=${#line} COMP_TYPE=9
        compopt() { :; }
        registered="$(complete -p kubestock-install)"
        function="${registered#*-F }"
        "${function%% *}" kubestock-install "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    said(shell(home, "bash", &["--norc", "-c", script, "bash", line]))
}

#[test]
fn bash_offers_what_the_program_and_its_user_have() {
    let home = home();
    let table: [(&str, &[&str], &[&str]); 8] = [
        // The line, what is offered among others, and what is not.
        (
            "kubestock-install ",
            &["demo", "laptop", "production", "minimal", "mine.yaml", "install", "verify"],
            &["notes.txt", "man"],
        ),
        ("kubestock-install ver", &["verify"], &["demo", "install"]),
        ("kubestock-install install --profile ", &["demo", "mine.yaml"], &["notes.txt", "verify"]),
        ("kubestock-install demo --context ", &["test"], &["demo"]),
        ("kubestock-install verify --only ", &["control-plane", "mtls", "dashboards"], &["demo"]),
        ("kubestock-install open ", &["kiali", "grafana", "jaeger", "prometheus", "frontend"], &["demo"]),
        ("kubestock-install demo --mtls ", &["permissive", "strict"], &["demo"]),
        ("kubestock-install demo --forc", &["--force-conflicts"], &["--yes"]),
    ];
    for (line, offered, not_offered) in table {
        let said = bash(&home, line);
        let has = |word: &&&str| said.iter().any(|said| said.trim_end() == **word);
        let missing: Vec<_> = offered.iter().filter(|word| !has(word)).collect();
        let odd: Vec<_> = not_offered.iter().filter(has).collect();
        assert!(missing.is_empty() && odd.is_empty(), "{line}: without {missing:?}, with {odd:?}: {said:?}");
    }
}

#[test]
fn fish_offers_the_same_where_it_is_here() {
    if !is_here("fish") {
        eprintln!("skipped: there is no fish");
        return;
    }
    let home = home();
    for (line, offered) in [("demo --context ", "test"), ("verify --only ", "mtls"), ("open k", "kiali")] {
        let script = format!(
            "kubestock-install completions fish | source; complete -C 'kubestock-install {line}' | cut -f 1"
        );
        let said = said(shell(&home, "fish", &["--no-config", "-c", &script]));
        assert!(said.iter().any(|said| said == offered), "{line}: {said:?}");
    }
}

#[test]
fn contexts_are_those_of_the_kubeconfig_on_the_line() {
    let home = home();
    home.write("other", "contexts: [{name: elsewhere, context: {cluster: a}}]\n");
    assert_eq!(bash(&home, "kubestock-install demo --kubeconfig other --context "), ["elsewhere"]);
    // What cannot be read offers nothing, and says nothing in the middle of a line.
    home.write("other", "contexts: [\n");
    let said = bash(&home, "kubestock-install demo --kubeconfig other --context ");
    assert!(said.iter().all(String::is_empty), "{said:?}");
}

/// Those shells that are here read their script without a complaint; what stands in it is the engine's.
#[test]
fn the_script_of_each_shell_is_one_that_it_reads() {
    let home = home();
    for (name, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let told = home.run(&format!("completions {name}"));
        assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{name}");
        assert!(told.out.contains("KUBESTOCK_INSTALL_COMPLETE"), "{}", told.out);
        home.write("script", &told.out);
        match is_here(name) {
            true => assert!(said(shell(&home, name, &[check, "script"])).is_empty(), "{name}"),
            false => assert_ne!(name, "bash", "bash is needed for this test"),
        }
    }
    assert!(home.run("completions powershell").out.contains("Register-ArgumentCompleter"));
    assert_eq!(home.run("completions tcsh").code, Some(2));
}

/// Every page is one that man formats without a warning, where there is a man.
#[test]
fn each_command_has_a_page() {
    let home = home();
    assert_eq!(home.run("man pages").code, Some(0));
    let mut pages: Vec<String> = std::fs::read_dir(home.path("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    assert!(pages.contains(&"kubestock-install.1".to_owned()), "{pages:?}");
    for command in
        ["install", "check", "plan", "verify", "uninstall", "status", "open", "completions", "profiles-show"]
    {
        assert!(pages.contains(&format!("kubestock-install-{command}.1")), "{command}: {pages:?}");
    }
    assert!(!pages.iter().any(|page| page.contains("help") || page.contains("-man")), "{pages:?}");
    if Path::new("/usr/bin/man").exists() {
        for page in pages {
            let page = format!("./pages/{page}");
            let mut man = shell(&home, "man", &["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", &page]);
            man.env("MANWIDTH", "80");
            let output = man.output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{page}");
        }
    }
}
