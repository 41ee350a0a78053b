//! Pictures as files: written, written over, to standard output, and refused where that cannot be.

mod support;

use std::fs;
use std::path::PathBuf;

const DUMP: &str =
    "0xf0800000-0xf0803000   12288 start_kernel+0x550/0x748 pages=2 vmalloc\nMemTotal: 10240 kB\nMemFree: 5120 kB\n";

fn kmem(args: &[&str], input: &str) -> (i32, String, String) {
    let done = support::kmem(args, input.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_report_is_written_beside_the_words_and_over_what_was_there() {
    let (html, svg) = (file("report.html"), file("report.svg"));
    fs::write(&html, "what was there".repeat(100_000)).expect("a file");
    let args = ["explain", "-", "--report", html.to_str().expect("a name"), "--svg", svg.to_str().expect("a name")];
    let (status, out, err) = kmem(&args, DUMP);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(out, kmem(&["explain", "-"], DUMP).1, "the words are the same");
    let (html, svg) = (fs::read_to_string(html).expect("a page"), fs::read_to_string(svg).expect("an image"));
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(html.contains("start_kernel") && html.contains("Memory: 10 MB, 5 MB free"));
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n") && svg.contains("start_kernel"));
}

#[test]
fn a_dash_is_standard_output_and_nothing_else_goes_there() {
    let (status, out, _) = kmem(&["explain", "-", "--report", "-"], DUMP);
    assert!(status == 0 && out.starts_with("<!DOCTYPE html>") && out.ends_with("</html>\n"), "{out}");
    let (status, out, _) = kmem(&["layout", "--svg", "-"], "");
    assert!(status == 0 && out.starts_with("<svg") && out.ends_with("</svg>\n"), "{out}");
    let (status, _, err) = kmem(&["layout", "--svg", "-", "--html", "-"], "");
    assert!(status == 2 && err.contains("two pictures for one standard output"), "{err}");
}

#[test]
fn what_cannot_be_written_is_named() {
    let missing = file("no/such/folder/report.html");
    for command in
        [&["explain", "-", "--report"][..], &["boot", "--report"], &["layout", "--html"], &["layout", "--svg"]]
    {
        let args = [command, &[missing.to_str().expect("a name")]].concat();
        let (status, _, err) = kmem(&args, DUMP);
        assert_eq!(status, 4, "{args:?}: {err}");
        assert!(err.contains("report.html: the picture cannot be written"), "{err}");
    }
    // What holds nothing is drawn neither.
    let empty = file("empty.html");
    let (status, ..) = kmem(&["explain", "-", "--report", empty.to_str().expect("a name")], "nothing\n");
    assert!(status == 2 && !empty.exists());
}

#[test]
fn every_machine_is_drawn() {
    let (_, list, _) = kmem(&["machines", "--json"], "");
    let list: serde_json::Value = serde_json::from_str(&list).expect("a document");
    for machine in list["machines"].as_array().expect("machines") {
        let name = machine["name"].as_str().expect("a name");
        let (status, page, err) = kmem(&["boot", "--machine", name, "--report", "-"], "");
        assert_eq!(status, 0, "{name}: {err}");
        for id in ["id=\"findings\"", "id=\"pages\"", "id=\"watermarks\"", "id=\"physical\"", "id=\"space-1\""] {
            assert!(page.contains(id), "{name}: {id}");
        }
        assert!(page.len() < 5_000_000, "{name}: {}", page.len());
        let (status, image, err) = kmem(&["layout", "--machine", name, "--svg", "-"], "");
        assert_eq!(status, 0, "{name}: {err}");
        assert!(image.contains("Address space") && image.contains("Physical addresses"), "{name}");
    }
    // A terabyte has as many cells as a gigabyte.
    let (status, page, err) = kmem(&["boot", "--machine", "amd64-6.12", "--ram", "1024G", "--report", "-"], "");
    assert!(status == 0 && page.len() < 5_000_000, "{err}");
}
