//! A browser without a screen, steered over a pipe by the DevTools protocol.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long it may take until anything is heard.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    /// What was said without having been asked for.
    events: Vec<Value>,
    asked: u64,
    _profile: TempDir,
}

/// A page that is open.
#[derive(Clone)]
pub(crate) struct Tab(String);

impl Browser {
    /// The one that KUBESTOCK_TEST_BROWSER names.
    pub(crate) fn start() -> Self {
        let program = std::env::var_os("KUBESTOCK_TEST_BROWSER").expect("scripts/browser names a browser");
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        // It reads from descriptor 3 and writes to 4.
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"]).arg(program);
        // Its own sandbox cannot be had as root, and what it opens here is our own.
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ]);
        command.args(["--remote-debugging-pipe", "--force-color-profile=srgb", "--hide-scrollbars"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).env("TMPDIR", profile.path());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let to = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, from) = channel();
        thread::spawn(move || {
            for message in output.split(0) {
                let message = serde_json::from_slice(&message.unwrap()).unwrap();
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self { child, to, from, events: Vec::new(), asked: 0, _profile: profile }
    }

    fn hear(&mut self) -> Value {
        self.from.recv_timeout(PATIENCE).expect("the browser says nothing any more")
    }

    fn ask(&mut self, tab: Option<&Tab>, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut question = json!({"id": self.asked, "method": method, "params": parameters});
        if let Some(Tab(session)) = tab {
            question["sessionId"] = session.as_str().into();
        }
        let mut bytes = serde_json::to_vec(&question).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let heard = self.hear();
            if heard["id"] != self.asked {
                self.events.push(heard);
                continue;
            }
            assert!(heard["error"].is_null(), "{method}: {heard}");
            return heard["result"].clone();
        }
    }

    pub(crate) fn tell(&mut self, tab: &Tab, method: &str, parameters: Value) -> Value {
        self.ask(Some(tab), method, parameters)
    }

    /// An empty page, of which all is heard.
    pub(crate) fn tab(&mut self) -> Tab {
        let target = self.ask(None, "Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let session = self.ask(None, "Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        let tab = Tab(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            self.tell(&tab, &format!("{domain}.enable"), json!({}));
        }
        tab
    }

    /// Opens an address, and waits until all of it is there.
    pub(crate) fn open(&mut self, tab: &Tab, address: &str) {
        self.events.clear();
        self.tell(tab, "Page.navigate", json!({"url": address}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let heard = self.hear();
            self.events.push(heard);
        }
    }

    /// What an expression comes to on the page, also where it takes a while.
    pub(crate) fn evaluate(&mut self, tab: &Tab, expression: &str) -> Value {
        let question = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.tell(tab, "Runtime.evaluate", question);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// What was said of these things since the page was opened.
    pub(crate) fn heard(&self, methods: &[&str]) -> Vec<&Value> {
        self.events.iter().filter(|event| methods.iter().any(|method| event["method"] == *method)).collect()
    }

    /// The whole page as a PNG, in base64.
    pub(crate) fn screenshot(&mut self, tab: &Tab) -> String {
        let size = self.tell(tab, "Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let question = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        self.tell(tab, "Page.captureScreenshot", question)["data"].as_str().unwrap().to_owned()
    }

    pub(crate) fn press(&mut self, tab: &Tab, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let stroke =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.tell(tab, "Input.dispatchKeyEvent", stroke);
        }
    }
}

impl Drop for Browser {
    /// It clears away what it has made; where it does not in time, it is ended.
    fn drop(&mut self) {
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        for _ in 0..100 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
