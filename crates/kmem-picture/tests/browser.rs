//! The page in a real browser: a headless Chromium, driven by its own protocol over two pipes.
//!
//! No driver and no web socket: with `--remote-debugging-pipe` Chromium reads commands, JSON ended by a zero byte, from its file
//! 3 and answers on file 4, which a shell connects with ours. Where there is no Chromium the test says so and is skipped;
//! `KMEM_CHROMIUM` names one that is not on the path. `KMEM_SCREENSHOT=FILE` writes the picture of the README as well, which is
//! what `cargo xtask picture` does.

use kmem_inspect::explain::{explain, Question};
use kmem_inspect::Reader;
use kmem_picture::Picture;
use serde_json::{json, Value};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// What Chromium is called.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// It must not reach for the network, and must run as root where tests do.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
];

/// Ten times what it takes.
const MOST_TIME: Duration = Duration::from_secs(90);

/// What is tested, and how.
type Test = (&'static str, fn(&mut Browser));

fn main() {
    // The runner asks all tests for lists.
    if env::args().any(|arg| arg == "--list") {
        return;
    }
    let Some(chromium) = find() else {
        println!("browser: SKIPPED: no Chromium on the path ({}) and no KMEM_CHROMIUM", NAMES.join(", "));
        return;
    };
    let folder = env::temp_dir().join(format!("kmem-picture-{}", process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    // A browser that does not answer must not keep a test waiting for ever. It ends with its pipes.
    thread::spawn(|| {
        thread::sleep(MOST_TIME);
        println!("browser: it took more than {} s", MOST_TIME.as_secs());
        process::exit(1);
    });
    let mut browser = Browser::start(&chromium, &folder);
    let tests: [Test; 6] = [
        ("opens without a complaint, and asks nobody for anything", opens),
        ("zoom by keys, buttons and wheel", zooms),
        ("search by address, caller and cache", searches),
        ("keys reach everything", keys_reach_everything),
        ("light and dark", light_and_dark),
        ("a narrow window", narrow),
    ];
    let page = folder.join("page.html");
    fs::write(&page, picture().html()).expect("a page");
    for (name, test) in tests {
        browser.open(&page, 1280, 800);
        test(&mut browser);
        assert_eq!(browser.complaints, Vec::<String>::new(), "{name}");
        println!("browser: {name}: ok");
    }
    let hostile = folder.join("hostile.html");
    fs::write(&hostile, hostile_picture().html()).expect("a page");
    browser.open(&hostile, 1280, 800);
    text_of_a_dump_is_text(&mut browser);
    println!("browser: what a dump says is never run: ok");
    let image = folder.join("image.svg");
    fs::write(&image, picture().svg()).expect("an image");
    browser.open(&image, 1048, 800);
    an_image_is_drawn(&mut browser);
    println!("browser: the image for documents is drawn: ok");
    if let Some(file) = env::var_os("KMEM_SCREENSHOT") {
        fs::write(&page, phone().html()).expect("a page");
        browser.open(&page, 1000, 1000);
        fs::write(&file, screenshot(&mut browser)).expect("a file");
        println!("browser: {} is written", file.to_string_lossy());
    }
    drop(browser);
    // What is left over is in the folder for temporary files.
    let _ = fs::remove_dir_all(&folder);
}

fn find() -> Option<PathBuf> {
    if let Some(named) = env::var_os("KMEM_CHROMIUM") {
        return Some(named.into());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|file| file.is_file())
}

/// A real machine's capture, and a page with rows left out behind it.
fn picture() -> Picture {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut reader = Reader::new();
    for name in ["buddyinfo", "meminfo", "pagetypeinfo", "slabinfo", "zoneinfo", "vmallocinfo"] {
        let text = fs::read_to_string(top.join("golden/armhf-1g").join(name)).expect("a capture");
        reader.read_text(name, &text);
    }
    draw(reader)
}

/// A page with rows left out: the question that the README begins with.
fn phone() -> Picture {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kmem-inspect/tests/corpus/phone-page.txt");
    let mut reader = Reader::new();
    reader.read_text("phone-page.txt", &fs::read_to_string(file).expect("a capture"));
    draw(reader)
}

/// The kernel's addresses and the vmalloc area, with the words of its largest hole.
fn screenshot(browser: &mut Browser) -> Vec<u8> {
    let at = browser.js(
        "(() => { document.querySelector('#space-2').scrollIntoView();
          const b = [...document.querySelectorAll('#vmalloc-1 .wide .lane .item')].find(i => i.words.startsWith('hole 57.86'))
            .getBoundingClientRect(); return [b.x + b.width * 0.3, b.y + b.height * 0.8]; })()",
    );
    browser.mouse("mouseMoved", &at);
    let top =
        browser.js("document.querySelector('#space-2 h2').getBoundingClientRect().top").as_f64().expect("a place");
    let bottom = browser.js("document.querySelector('#vmalloc-1 .numbers').getBoundingClientRect().top").as_f64();
    let height = bottom.expect("a place").min(1000.0) - top;
    let scrolled = browser.js("scrollY").as_f64().expect("a place");
    let clip = json!({"x": 0, "y": scrolled + top - 8.0, "width": 1000, "height": height, "scale": 1});
    let shot = browser.send("Page.captureScreenshot", json!({"format": "png", "clip": clip}));
    let data = shot["data"].as_str().expect("an image");
    data_encoding::BASE64.decode(data.as_bytes()).expect("an image")
}

fn hostile_picture() -> Picture {
    let mut text =
        String::from("0xf0800000-0xf0803000   12288 <script>window.pwned=1</script>+0x550/0x748 pages=2 vmalloc\n");
    text += "0xf0810000-0xf0821000   69632 \"><img/src=x/onerror=window.pwned=1>+0x38/0xf8 phys=0x08000000 ioremap\n";
    text += "0xf0844000-0xf0847000   12288 </title><script>window.pwned=1</script> pages=2 vmalloc\n";
    let mut reader = Reader::new();
    reader.read_text("<script>window.pwned=1</script>", &text);
    draw(reader)
}

fn draw(reader: Reader) -> Picture {
    let mut capture = reader.finish();
    let mut words = String::new();
    explain(&mut words, &mut capture, &Question::default()).expect("words");
    kmem_picture::make::of_capture(&capture, &words)
}

fn opens(browser: &mut Browser) {
    assert_eq!(browser.js("document.documentElement.dataset.ready"), "yes", "the script ran");
    assert!(browser.js("document.querySelectorAll('svg.chart.wide').length").as_u64() >= Some(5));
    assert!(browser.js("document.querySelectorAll('.item').length").as_u64() > Some(300));
    assert_eq!(browser.js("performance.getEntriesByType('resource').length"), 0, "nothing was asked for");
    assert_eq!(browser.js("document.documentElement.scrollWidth <= innerWidth"), true);
    // Words beside what is pointed at.
    let at = browser
        .js("(() => { const b = document.querySelector('#vmalloc-1 .wide .lane .item').getBoundingClientRect();
          document.querySelector('#vmalloc-1').scrollIntoView(); return document.querySelector('#tip').hidden; })()");
    assert_eq!(at, true);
    let box_of = browser.js(
        "(() => { const b = [...document.querySelectorAll('#vmalloc-1 .wide .lane .item')].find(i => i.words.startsWith('hole 227.14'))
          .getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()",
    );
    browser.mouse("mouseMoved", &box_of);
    let words = browser.js("document.querySelector('#tip').hidden ? '' : document.querySelector('#tip').textContent");
    assert!(words.as_str().is_some_and(|words| words.starts_with("hole") && words.contains("0xf")), "{words}");
}

/// How far the vmalloc area is zoomed, and what the axis begins with.
fn zoom_of(browser: &mut Browser) -> (f64, String) {
    let zoom = browser.js("Number(document.querySelector('#vmalloc-1').dataset.zoom || 1)").as_f64();
    let tick = browser.js("document.querySelector('#vmalloc-1 .wide .tick').textContent");
    (zoom.expect("a number"), tick.as_str().unwrap_or_default().to_owned())
}

fn zooms(browser: &mut Browser) {
    let whole = zoom_of(browser);
    browser.js("document.querySelector('#vmalloc-1 [data-do=in]').click()");
    let (closer, _) = zoom_of(browser);
    assert!((closer - 2.0).abs() < 0.01, "{closer}");
    browser.js("document.querySelector('#vmalloc-1 svg.wide').focus()");
    ["+", "+", "-"].iter().for_each(|key| browser.key(key, 0));
    let (closer, middle) = zoom_of(browser);
    assert!((closer - 4.0).abs() < 0.01, "{closer}");
    browser.key("ArrowRight", 8);
    let (_, moved) = zoom_of(browser);
    assert!(moved > middle, "{moved} {middle}");
    // What is outside is hidden; what is inside is as wide as the zoom makes it.
    let hidden = browser.js("document.querySelectorAll('#vmalloc-1 .wide .item[visibility=hidden]').length");
    assert!(hidden.as_u64() > Some(10), "{hidden}");
    browser.key("0", 0);
    assert_eq!(zoom_of(browser), whole);
    let at = browser.js(
        "(() => { const s = document.querySelector('#vmalloc-1'); s.scrollIntoView(); const b = s.querySelector('svg.wide .lane')
          .getBoundingClientRect(); return [b.x + 4, b.y + 20]; })()",
    );
    browser.wheel(&at, -100, 2);
    let (wheel, tick) = zoom_of(browser);
    assert!(wheel > 1.2 && tick.as_str() < "0xf0900000", "{wheel} {tick}: it zooms where the pointer is");
}

fn searches(browser: &mut Browser) {
    let mut find = |text: &str| {
        browser.js("document.querySelector('#query').focus(); document.querySelector('#query').select()");
        browser.send("Input.insertText", json!({ "text": text }));
        browser.key("Enter", 0);
        let words = browser.js("document.querySelector('#found').textContent");
        let seen = browser.js(
            "(() => { const h = document.querySelector('#tip').hidden ? null : document.querySelector('#tip').textContent;
              return [document.querySelectorAll('.hit').length, h]; })()",
        );
        (words.as_str().unwrap_or_default().to_owned(), seen)
    };
    // Inside an area of n_tty_open's neighbour: an address that is no row's first.
    let (words, seen) = find("0xf0811234");
    assert!(words.contains("gic_of_setup"), "{words} {seen}");
    let (words, _) = find("pci_reserve_io");
    assert!(
        words.starts_with("1 of ") && words.contains("pci_reserve_io: 1 area, 2 MB"),
        "the lane comes first: {words}"
    );
    let (zoom, _) = zoom_of(browser);
    assert_eq!(zoom, 1.0, "of which all is shown");
    browser.key("Enter", 0);
    let words = browser.js("document.querySelector('#found').textContent");
    assert!(
        words.as_str().is_some_and(|words| words.starts_with("2 of ") && words.ends_with(": pci_reserve_io")),
        "{words}"
    );
    let (zoom, _) = zoom_of(browser);
    assert!(zoom > 4.0, "an area of 2 of 240 MB is zoomed to: {zoom}");
    let on_screen = browser.js(
        "(() => { const b = document.querySelector('.hit').getBoundingClientRect(); return b.top > 0 && b.bottom < innerHeight; })()",
    );
    assert_eq!(on_screen, true);
    let mut find = |text: &str| {
        browser.js("document.querySelector('#query').focus(); document.querySelector('#query').select()");
        browser.send("Input.insertText", json!({ "text": text }));
        browser.key("Enter", 0);
        browser.js("document.querySelector('#found').textContent").as_str().unwrap_or_default().to_owned()
    };
    // A cache that is too small for a bar is found in the table, which opens.
    let words = find("sgpool-128");
    assert!(words.contains("sgpool-128"), "{words}");
    assert_eq!(find("no such thing"), "nothing found");
    assert_eq!(browser.js("document.querySelectorAll('.hit').length"), 0);
}

fn keys_reach_everything(browser: &mut Browser) {
    // From the top by Tab alone: every button, field, link, figure and fold.
    let all = browser.js(
        "[...document.querySelectorAll('a,button,input,summary,svg.chart.wide,.scroll')].filter(e => e.checkVisibility()).length",
    );
    browser.js("window.seen = new Set(); document.addEventListener('focusin', e => window.seen.add(e.target))");
    let steps = all.as_u64().expect("a count") + 4;
    (0..steps).for_each(|_| browser.key("Tab", 0));
    let missed = browser.js(
        "[...document.querySelectorAll('a,button,input,summary,svg.chart.wide,.scroll')].filter(e => e.checkVisibility() &&
          !window.seen.has(e)).map(e => e.outerHTML.slice(0, 80))",
    );
    assert_eq!(missed, json!([]));
    // Inside a figure by arrows: every piece of a strip, every cell, every bar.
    for figure in ["vmalloc-1", "pageblocks", "buddy", "slabs", "watermarks"] {
        let count = browser
            .js(&format!("document.querySelectorAll('#{figure} .wide .item').length"))
            .as_u64()
            .expect("a count");
        browser.js(&format!("window.seen = new Set(); document.querySelector('#{figure} svg.wide').focus()"));
        (0..count).for_each(|_| browser.key("ArrowRight", 0));
        let seen = browser.js("[...window.seen].filter(e => e.classList.contains('item')).length");
        assert_eq!(seen.as_u64(), Some(count), "{figure}");
        let words = browser
            .js("document.activeElement.getAttribute('aria-label') === document.querySelector('#tip').textContent");
        assert_eq!(words, true, "{figure}: what has the focus is said");
    }
    // Down a lane.
    browser.js("document.querySelector('#vmalloc-1 svg.wide').focus()");
    ["ArrowRight", "ArrowDown"].iter().for_each(|key| browser.key(key, 0));
    assert_eq!(browser.js("document.activeElement.dataset.l"), "1");
}

fn light_and_dark(browser: &mut Browser) {
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = browser.js(ground);
    assert_eq!(light, "rgb(255, 255, 255)");
    browser.js("document.querySelector('#theme').click()");
    let dark = browser.js(ground);
    assert_ne!(dark, light);
    let features = json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]});
    browser.send("Emulation.setEmulatedMedia", features);
    assert_eq!(browser.js(ground), dark);
    browser.js("document.querySelector('#theme').click()");
    assert_eq!(browser.js(ground), light, "the switch wins over the system");
    browser.send("Emulation.setEmulatedMedia", json!({"features": []}));
}

fn narrow(browser: &mut Browser) {
    browser.size(400, 800);
    assert_eq!(
        browser.js("document.documentElement.scrollWidth <= innerWidth"),
        true,
        "nothing is wider than the window"
    );
    assert_eq!(browser.js("document.querySelector('#vmalloc-1 svg.wide').checkVisibility()"), false);
    // Letters keep their size.
    let height = browser.js("document.querySelector('#vmalloc-1 svg.narrow .tick').getBoundingClientRect().height");
    assert!(height.as_f64() >= Some(10.0), "{height}");
}

fn text_of_a_dump_is_text(browser: &mut Browser) {
    assert_eq!(browser.complaints, Vec::<String>::new());
    assert_eq!(browser.js("window.pwned === undefined"), true);
    assert_eq!(browser.js("document.querySelectorAll('script').length"), 1);
    assert_eq!(browser.js("document.querySelectorAll('img').length"), 0);
    let shown = browser.js("document.body.textContent.includes('<script>window.pwned=1</script>')");
    assert_eq!(shown, true, "it is shown as what it is");
}

fn an_image_is_drawn(browser: &mut Browser) {
    assert_eq!(browser.complaints, Vec::<String>::new());
    assert_eq!(browser.js("document.querySelectorAll('parsererror').length"), 0);
    // All of it has a place in the image.
    let outside = browser.js(
        "(() => { const all = document.documentElement.getBoundingClientRect();
          return [...document.querySelectorAll('rect,text,path')].filter(e => !e.closest('defs'))
            .filter(e => { const b = e.getBoundingClientRect(); return b.right > all.right + 1 || b.bottom > all.bottom + 1 || b.left < -1; })
            .map(e => e.outerHTML.slice(0, 90)); })()",
    );
    assert_eq!(outside, json!([]));
}

/// A browser with one page.
struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    number: u64,
    /// What the page, its script or the network said of errors.
    complaints: Vec<String>,
}

impl Browser {
    fn start(chromium: &Path, folder: &Path) -> Self {
        let profile = format!("--user-data-dir={}", folder.join("profile").display());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(chromium)
            .args(FLAGS)
            .arg(profile);
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
        let (to, from) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut browser =
            Self { child, to, from: BufReader::new(from), session: None, number: 0, complaints: Vec::new() };
        let target = browser.send("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.send("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.send(&format!("{domain}.enable"), json!({}));
        }
        browser
    }
    /// Sends a command and waits for its answer; what happens meanwhile is looked through for complaints.
    fn send(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut command = json!({"id": self.number, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{command}\0").as_bytes()).expect("the browser listens");
        loop {
            let message = self.receive();
            if message["id"] == self.number {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.note(&message);
        }
    }
    fn receive(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).expect("the browser answers");
        assert!(!bytes.is_empty(), "the browser is gone");
        bytes.pop();
        serde_json::from_slice(&bytes).expect("JSON")
    }
    fn note(&mut self, message: &Value) {
        let params = &message["params"];
        let complaint = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => Some(&params["exceptionDetails"]),
            Some("Log.entryAdded") if params["entry"]["level"] != "info" => Some(&params["entry"]),
            Some("Runtime.consoleAPICalled") => Some(params),
            Some("Network.requestWillBeSent") => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                (!url.starts_with("file:") && !url.starts_with("data:") && !url.starts_with("about:")).then_some(params)
            }
            _ => None,
        };
        self.complaints.extend(complaint.map(Value::to_string));
    }
    fn open(&mut self, page: &Path, width: u32, height: u32) {
        self.size(width, height);
        self.send("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        let end = Instant::now() + Duration::from_secs(10);
        while self.js("document.readyState") != "complete" || self.js("location.protocol") != "file:" {
            assert!(Instant::now() < end, "the page does not open");
            thread::sleep(Duration::from_millis(20));
        }
    }
    fn size(&mut self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.send("Emulation.setDeviceMetricsOverride", metrics);
    }
    /// What an expression of JavaScript gives.
    fn js(&mut self, expression: &str) -> Value {
        let result = self.send("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }
    /// Presses a key; `modifiers`: 8 for Shift.
    fn key(&mut self, key: &str, modifiers: u32) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let text = match key {
            "Enter" => "\r",
            "Tab" => "",
            key if key.len() == 1 => key,
            _ => "",
        };
        let down =
            json!({"type": "keyDown", "key": key, "text": text, "modifiers": modifiers, "windowsVirtualKeyCode": code});
        self.send("Input.dispatchKeyEvent", down);
        let up = json!({"type": "keyUp", "key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code});
        self.send("Input.dispatchKeyEvent", up);
    }
    fn mouse(&mut self, kind: &str, at: &Value) {
        self.send("Input.dispatchMouseEvent", json!({"type": kind, "x": at[0], "y": at[1]}));
    }
    /// Turns the wheel; `modifiers`: 2 for Ctrl.
    fn wheel(&mut self, at: &Value, by: i32, modifiers: u32) {
        let turn =
            json!({"type": "mouseWheel", "x": at[0], "y": at[1], "deltaX": 0, "deltaY": by, "modifiers": modifiers});
        self.send("Input.dispatchMouseEvent", turn);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Where it is gone already there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
