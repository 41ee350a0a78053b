//! SLUB's formulas once more, step by step in the order of the kernel's functions, with nothing shared with the engine.

pub mod old;

use std::fmt;

pub struct Kernel {
    /// 3 for 3.x, 61, 612.
    pub generation: u32,
    pub word: u64,
    pub line: u64,
    pub track: u64,
    /// Largest block of the page allocator.
    pub top: u64,
    pub cpus: u64,
    pub max_order: Option<u64>,
    pub min_order: Option<u64>,
    pub min_objects: Option<u64>,
}

pub struct Cache {
    pub object: u64,
    pub align: u64,
    pub hwcache: bool,
    pub red: bool,
    pub poison: bool,
    pub user: bool,
    pub checks: bool,
    pub rcu: bool,
    pub ctor: bool,
    pub kmalloc: bool,
}

/// What a kernel shows of a shape.
pub struct Shown {
    size: u64,
    order: u64,
    objects: u64,
    align: u64,
    min_partial: u64,
    cpu_partial: u64,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, order, objects, align, min_partial, cpu_partial } = self;
        write!(f, "slab_size {size} order {order} objs {objects} align {align} min {min_partial} cpu {cpu_partial}")
    }
}

/// The next multiple of any number.
fn up(value: u64, step: u64) -> u64 {
    value.div_ceil(step) * step
}

fn get_order(bytes: u64) -> u64 {
    let mut order = 0;
    while 4096 << order < bytes {
        order += 1;
    }
    order
}

/// Position of the highest bit, counted from 1.
fn fls(mut value: u64) -> u64 {
    let mut bits = 0;
    while value > 0 {
        value /= 2;
        bits += 1;
    }
    bits
}

impl Kernel {
    fn max(&self) -> u64 {
        self.bounds().0
    }
    fn min(&self) -> u64 {
        self.bounds().1
    }
    /// Largest and smallest order: the test names the largest first.
    fn bounds(&self) -> (u64, u64) {
        let mut max = self.max_order.unwrap_or(3).min(self.top);
        let min = self.min_order.unwrap_or(0).min(self.top);
        if self.generation >= 612 && min > max {
            max = min;
        }
        (max, min)
    }

    fn align(&self, cache: &Cache) -> u64 {
        let mut align = cache.align;
        if cache.hwcache {
            let mut line = self.line;
            while cache.object <= line / 2 {
                line /= 2;
            }
            align = align.max(line);
        }
        up(align.max(8), self.word)
    }

    fn size(&self, cache: &Cache) -> u64 {
        let align = self.align(cache);
        let mut size = up(cache.object, self.word);
        if cache.red && size == cache.object {
            size += self.word;
        }
        let short = cache.red && cache.object < self.word && self.generation > 3;
        if cache.rcu || cache.poison || cache.ctor || short {
            size += self.word;
        }
        if cache.user {
            size += 2 * self.track;
            if cache.kmalloc && self.generation > 3 {
                size += 4;
            }
        }
        if cache.red {
            size += self.word;
            if self.generation > 3 {
                size += up(self.word, align);
            }
        }
        up(size, align)
    }

    fn first_order(&self, size: u64, from: u64, to: u64, fraction: u64) -> u64 {
        let mut order = from;
        while order <= to {
            let slab = 4096u64 << order;
            if slab % size <= slab / fraction {
                break;
            }
            order += 1;
        }
        order
    }

    fn order(&self, size: u64) -> u64 {
        let (max, min) = (self.max(), self.min());
        let objects = |order: u64| (4096u64 << order) / size;
        let cut = get_order(size * 32767).wrapping_sub(1);
        let mut wanted = match self.min_objects {
            None | Some(0) => 4 * (fls(self.cpus) + 1),
            Some(objects) => objects,
        };
        if self.generation >= 612 {
            wanted = wanted.min(objects(max).max(1));
            let least = min.max(get_order(wanted * size));
            if objects(least) > 32767 {
                return cut;
            }
            for fraction in [16, 8, 4, 2] {
                let order = self.first_order(size, least, max, fraction);
                if order <= max {
                    return order;
                }
            }
            return get_order(size);
        }
        wanted = wanted.min(objects(max));
        let search = |wanted: u64, most: u64, fraction: u64| {
            if objects(min) > 32767 {
                return cut;
            }
            self.first_order(size, min.max(get_order(wanted * size)), most, fraction)
        };
        while wanted > 1 {
            for fraction in [16, 8, 4] {
                let order = search(wanted, max, fraction);
                if order <= max {
                    return order;
                }
            }
            wanted -= 1;
        }
        let order = search(1, max, 1);
        if order <= max {
            return order;
        }
        search(1, self.top, 1)
    }

    /// The shape; `None` without a block that is large enough.
    pub fn shape(&self, cache: &Cache) -> Option<Shown> {
        let size = self.size(cache);
        let order = self.order(size);
        let checked = cache.red || cache.poison || cache.user || cache.checks;
        let objects = match (self.generation, size) {
            (3, 4096..) => 2,
            (3, 1024..) => 6,
            (3, 256..) => 13,
            (3, _) => 30,
            (_, 4096..) => 6,
            (_, 1024..) => 24,
            (_, 256..) => 52,
            _ => 120,
        };
        (order <= self.top).then(|| Shown {
            size,
            order,
            objects: (4096 << order) / size,
            align: self.align(cache),
            min_partial: ((fls(size) - 1) / 2).clamp(5, 10),
            cpu_partial: if checked { 0 } else { objects },
        })
    }
}
