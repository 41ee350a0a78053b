//! How things look: a colour, a pattern and a letter for each kind, by day and by night.
//!
//! Nobody has to see colours: kinds that may stand side by side differ in pattern too, and what is large enough has its name or
//! its letter on it. The tests hold the contrasts of WCAG 2.2: 4.5 for text, 3 for what is drawn.

use std::fmt::Write;

/// A colour, for light and for dark pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hue {
    /// Its name in the stylesheet.
    pub name: &'static str,
    /// On light pages.
    pub light: u32,
    /// On dark pages.
    pub dark: u32,
}

/// The page's ground.
pub const PAPER: Hue = Hue { name: "paper", light: 0xff_ffff, dark: 0x14_181d };
/// Boxes on it.
pub const PANEL: Hue = Hue { name: "panel", light: 0xf4_f5f7, dark: 0x1d_2229 };
/// Text.
pub const TEXT: Hue = Hue { name: "text", light: 0x1a_1d21, dark: 0xe8_ebee };
/// Text of less weight.
pub const FAINT: Hue = Hue { name: "faint", light: 0x4d_555f, dark: 0xa9_b3be };
/// Outlines.
pub const LINE: Hue = Hue { name: "line", light: 0x7d_8691, dark: 0x77_818d };
/// What is in focus, and what was found.
pub const MARK: Hue = Hue { name: "mark", light: 0xb0_0058, dark: 0xff_c24d };
/// Text on what is filled.
pub const INK: Hue = Hue { name: "ink", light: 0xff_ffff, dark: 0x10_1317 };

const BLUE: Hue = Hue { name: "blue", light: 0x1f_5fa8, dark: 0x7f_b4f0 };
const GREEN: Hue = Hue { name: "green", light: 0x1b_7a43, dark: 0x74_cf97 };
const ORANGE: Hue = Hue { name: "orange", light: 0xa0_4d00, dark: 0xf0_a860 };
const PURPLE: Hue = Hue { name: "purple", light: 0x7a_3fa0, dark: 0xc9_a0ee };
const RED: Hue = Hue { name: "red", light: 0xb3_261e, dark: 0xf5_9088 };
const TEAL: Hue = Hue { name: "teal", light: 0x0b_6b7d, dark: 0x6f_d0e0 };
const GREY: Hue = Hue { name: "grey", light: 0x5b_6470, dark: 0xaa_b4c0 };
const OLIVE: Hue = Hue { name: "olive", light: 0x66_6600, dark: 0xcf_cf6a };
const PINK: Hue = Hue { name: "pink", light: 0xa8_326e, dark: 0xf0_9ac4 };

const GROUNDS: [Hue; 7] = [PAPER, PANEL, TEXT, FAINT, LINE, MARK, INK];
const HUES: [Hue; 9] = [BLUE, GREEN, ORANGE, PURPLE, RED, TEAL, GREY, OLIVE, PINK];

/// Lines on a colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pattern {
    Solid,
    Slash,
    Backslash,
    Dots,
    Grid,
    Upright,
    Level,
    /// Nothing but an outline.
    Empty,
    /// An outline, hatched: nobody knows.
    Hatched,
}

macro_rules! paints {
    ($($(#[$doc:meta])* $paint:ident = $name:literal, $letter:literal, $pattern:ident $(, $hue:ident)?;)*) => {
        /// What something is, as far as its looks go.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Paint { $($(#[$doc])* $paint,)* }
        impl Paint {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$paint,)*];
            /// Its class in the stylesheet.
            pub const fn class(self) -> &'static str {
                match self { $(Self::$paint => $name,)* }
            }
            /// Its letter, for those who do not see colours.
            pub const fn letter(self) -> &'static str {
                match self { $(Self::$paint => $letter,)* }
            }
            fn look(self) -> (Option<Hue>, Pattern) {
                match self { $(Self::$paint => (paints!(@hue $($hue)?), Pattern::$pattern),)* }
            }
        }
    };
    (@hue) => { None };
    (@hue $hue:ident) => { Some($hue) };
}

paints! {
    /// Addresses of processes.
    User = "user", "", Solid, TEAL;
    /// The direct map.
    Low = "low", "", Solid, BLUE;
    /// The vmalloc area as a whole.
    Vmalloc = "vmalloc", "", Dots, GREEN;
    /// The area of modules.
    Modules = "modules", "", Slash, PURPLE;
    /// The kernel image and its sections.
    Image = "image", "", Level, ORANGE;
    /// Small regions of the kernel's: pkmap, fixmap, vectors, page structures.
    Special = "special", "", Grid, PINK;
    /// A gap that catches wrong accesses.
    Guard = "guard", "", Backslash, GREY;
    /// What vmalloc gave out.
    Area = "area", "v", Solid, GREEN;
    /// What ioremap mapped.
    Io = "io", "i", Slash, BLUE;
    /// What vmap mapped.
    Mapped = "mapped", "m", Backslash, PURPLE;
    /// What boot put at an address of its own.
    Fixed = "fixed", "f", Grid, ORANGE;
    /// Per-CPU memory.
    PerCpu = "percpu", "p", Dots, PINK;
    /// Other areas.
    Other = "other", "o", Level, TEAL;
    /// Given back, and not usable yet.
    Returned = "returned", "r", Dots, GREY;
    /// Several things, each narrower than a pixel.
    Mixed = "mixed", "+", Upright, OLIVE;
    /// Nothing: free.
    Free = "free", "", Empty;
    /// Nobody knows.
    Unknown = "unknown", "?", Hatched;
    /// Pages that stay where they are.
    Unmovable = "unmovable", "U", Slash, RED;
    /// Pages that can be moved.
    Movable = "movable", "M", Solid, BLUE;
    /// Pages that can be freed on request.
    Reclaimable = "reclaimable", "R", Dots, GREEN;
    /// Set aside for important requests.
    Atomic = "atomic", "H", Grid, PURPLE;
    /// The contiguous area.
    Cma = "cma", "C", Level, ORANGE;
    /// Nobody may have them.
    Isolated = "isolated", "I", Backslash, PINK;
    /// The kernel's own from boot on.
    Reserved = "reserved", "X", Upright, GREY;
    /// Slabs.
    Slab = "slab", "S", Grid, ORANGE;
    /// The page cache.
    Cache = "cache", "F", Dots, GREEN;
    /// Processes.
    Process = "process", "P", Solid, TEAL;
    /// What else is allocated.
    Kernel = "kernel", "K", Slash, RED;
    /// Lists of CPUs.
    Lists = "lists", "L", Level, PURPLE;
    /// A zone, or memory, in use.
    Used = "used", "", Solid, BLUE;
    /// Free memory, where being free is what is drawn.
    FreePart = "freepart", "", Dots, GREEN;
    /// Memory that a cache has and does not use.
    Wasted = "wasted", "", Slash, ORANGE;
    /// The zone of old devices.
    ZoneDma = "zdma", "", Slash, PURPLE;
    /// The zone of devices with 32 bits.
    ZoneDma32 = "zdma32", "", Grid, ORANGE;
    /// The zone that is mapped directly.
    ZoneNormal = "znormal", "", Solid, BLUE;
    /// The zone that is not.
    ZoneHigh = "zhigh", "", Backslash, TEAL;
    /// The zone of what can be moved.
    ZoneMovable = "zmovable", "", Dots, GREEN;
    /// RAM.
    Ram = "ram", "", Solid, TEAL;
}

/// The stylesheet's part that colours belong to. `page`: with variables that the page's switch can set; otherwise plain
/// values, which programs that know little CSS understand.
pub fn stylesheet(page: bool) -> String {
    let mut css = String::new();
    if page {
        let vars = |dark: bool| {
            let value = |hue: &Hue| format!("--{}:#{:06x};", hue.name, if dark { hue.dark } else { hue.light });
            GROUNDS.iter().chain(&HUES).map(value).collect::<String>()
        };
        let (light, dark) = (vars(false), vars(true));
        let _ = write!(css, ":root{{color-scheme:light;{light}}}");
        let _ = write!(
            css,
            "@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        );
        let _ = write!(css, ":root[data-theme=dark]{{color-scheme:dark;{dark}}}");
        rules(&mut css, &|hue| format!("var(--{})", hue.name));
    } else {
        rules(&mut css, &|hue| format!("#{:06x}", hue.light));
        css += "@media(prefers-color-scheme:dark){";
        rules(&mut css, &|hue| format!("#{:06x}", hue.dark));
        css += "}";
    }
    css
}

fn rules(css: &mut String, value: &dyn Fn(Hue) -> String) {
    for hue in HUES {
        let colour = value(hue);
        let _ = write!(css, ".h-{}{{fill:{colour}}}", hue.name);
    }
    for paint in Paint::ALL {
        let class = paint.class();
        let (hue, pattern) = paint.look();
        let fill = match (hue, pattern) {
            (Some(hue), Pattern::Solid) => value(hue),
            (_, Pattern::Empty) => value(PAPER),
            _ => format!("url(#pt-{class})"),
        };
        let stroke = match hue {
            Some(hue) => value(hue),
            None => value(LINE),
        };
        let _ = write!(css, ".p-{class}{{fill:{fill};stroke:{stroke}}}");
    }
    let (text, faint, line, mark) = (value(TEXT), value(FAINT), value(LINE), value(MARK));
    let (paper, panel, ink) = (value(PAPER), value(PANEL), value(INK));
    let _ = write!(
        css,
        ".paper{{fill:{paper}}}.panel{{fill:{panel}}}.rule{{stroke:{line};fill:none}}.hatch{{stroke:{line};fill:none}}\
         .tx{{fill:{text}}}.fa{{fill:{faint}}}.in{{fill:{ink}}}.halo{{stroke:{paper}}}.pl{{stroke:{ink};fill:none}}\
         .pd{{fill:{ink}}}.edge{{stroke:{paper}}}.at{{stroke:{mark};fill:none}}.ma{{fill:{mark}}}"
    );
}

/// The patterns, as elements of SVG's `defs`.
pub fn patterns() -> String {
    let mut defs = String::new();
    for paint in Paint::ALL {
        let (hue, pattern) = paint.look();
        let lines = match pattern {
            Pattern::Solid | Pattern::Empty => continue,
            Pattern::Slash => r#"<path class="pl" d="M-2 2L2 -2M0 8L8 0M6 10L10 6"/>"#,
            Pattern::Backslash => r#"<path class="pl" d="M-2 6L2 10M0 0L8 8M6 -2L10 2"/>"#,
            Pattern::Dots => r#"<circle class="pd" cx="2" cy="2" r="1"/><circle class="pd" cx="6" cy="6" r="1"/>"#,
            Pattern::Grid => r#"<path class="pl" d="M0 4H8M4 0V8"/>"#,
            Pattern::Upright => r#"<path class="pl" d="M2 0V8M6 0V8"/>"#,
            Pattern::Level => r#"<path class="pl" d="M0 2H8M0 6H8"/>"#,
            Pattern::Hatched => r#"<path class="hatch" d="M-2 2L2 -2M0 8L8 0M6 10L10 6"/>"#,
        };
        let ground = hue.map_or("paper".to_owned(), |hue| format!("h-{}", hue.name));
        let _ = write!(
            defs,
            "<pattern id=\"pt-{}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
             <rect class=\"{ground}\" width=\"8\" height=\"8\"/>{lines}</pattern>",
            paint.class()
        );
    }
    defs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, "relative luminance" and "contrast ratio".
    fn contrast(a: u32, b: u32) -> f64 {
        let luminance = |rgb: u32| {
            let part = |shift: u32| {
                let c = f64::from(rgb >> shift & 0xff) / 255.0;
                if c <= 0.04045 {
                    c / 12.92
                } else {
                    ((c + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[track_caller]
    fn check(front: Hue, back: Hue, least: f64) {
        for (name, front_rgb, back_rgb) in [("light", front.light, back.light), ("dark", front.dark, back.dark)] {
            let found = contrast(front_rgb, back_rgb);
            assert!(found >= least, "{} on {}, {name}: {found:.2}", front.name, back.name);
        }
    }

    #[test]
    fn contrasts_are_those_that_everybody_can_read() {
        for back in [PAPER, PANEL] {
            check(TEXT, back, 7.0);
            check(FAINT, back, 4.5);
            check(LINE, back, 3.0);
            check(MARK, back, 4.5);
            for hue in HUES {
                check(hue, back, 3.0);
            }
        }
        for hue in HUES {
            check(INK, hue, 4.5);
        }
    }

    #[test]
    fn what_may_stand_side_by_side_differs_without_colour() {
        use Paint::*;
        for group in [
            &[User, Low, Vmalloc, Modules, Image, Special, Guard, Free][..],
            &[Area, Io, Mapped, Fixed, PerCpu, Other, Mixed, Free, Unknown],
            &[Unmovable, Movable, Reclaimable, Atomic, Cma, Isolated, Reserved, Free, Unknown],
            &[Used, FreePart, Reserved, Free],
            &[Slab, Cache, Process, Kernel, Lists, Reserved, Free],
        ] {
            for (at, one) in group.iter().enumerate() {
                for two in &group[at + 1..] {
                    let solid = [*one, *two].iter().all(|paint| paint.look().1 == Pattern::Solid);
                    // User and Low never touch without a name on each: both are wide.
                    assert!(one.look().1 != two.look().1 || (solid && *one == User), "{one:?} {two:?}");
                }
            }
        }
    }
}
