//! What a booted machine says of itself is explained without a doubt, and its vmalloc area is found where the layout has it.

mod support;

fn kmem(args: &[&str], input: &str) -> (i32, String) {
    let done = support::kmem(args, input.as_bytes());
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stdout).into_owned())
}

#[test]
fn every_machine_is_explained() {
    let (_, list) = kmem(&["machines", "--json"], "");
    let list: serde_json::Value = serde_json::from_str(&list).expect("a document");
    let machines = list["machines"].as_array().expect("machines");
    assert!(machines.len() >= 16);
    let mut found = 0;
    for machine in machines {
        let name = machine["name"].as_str().expect("a name");
        let (status, boot) = kmem(&["boot", "--machine", name, "--show", "all"], "");
        assert_eq!(status, 0, "{name}");
        let (status, text) = kmem(&["explain", "-"], &boot);
        assert_eq!(status, 0, "{name}:\n{text}");
        assert!(!text.contains("Doubts"), "{name}:\n{text}");
        // Boots that leave an area behind show the vmalloc area.
        let (_, layout) = kmem(&["layout", "--machine", name, "--json"], "");
        let layout: serde_json::Value = serde_json::from_str(&layout).expect("a document");
        let regions = layout["regions"].as_array().expect("regions");
        let area = regions.iter().find(|region| region["name"] == "vmalloc");
        if let (Some(area), true) = (area, text.contains("vmalloc area: ")) {
            let (start, end) = (area["start"].as_str().expect("an address"), area["end"].as_str().expect("an address"));
            assert!(text.contains(&format!("vmalloc area: {start}-{end}")), "{name}: {start}-{end}\n{text}");
            found += 1;
        }
    }
    assert!(found >= 5, "{found} machines show their area");
}
