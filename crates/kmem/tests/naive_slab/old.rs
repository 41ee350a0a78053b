//! The SLAB of 2.6.11 once more: `kmem_cache_create` and `cache_estimate`, step by step, with nothing shared with the engine.

pub struct Kernel {
    pub word: u64,
    pub line: u64,
    pub descriptor: u64,
    pub bufctl: u64,
    pub max_order: u64,
    pub pages: u64,
}

pub struct Cache {
    pub object: u64,
    pub align: u64,
    pub hwcache: bool,
    pub red: bool,
    pub user: bool,
    pub reclaim: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    pub size: u64,
    pub align: u64,
    pub order: u64,
    pub objects: u64,
    pub off_slab: bool,
    pub management: u64,
    pub colours: u64,
    /// Where an object begins.
    pub head: u64,
}

fn up(value: u64, step: u64) -> u64 {
    value.div_ceil(step) * step
}

impl Kernel {
    /// Counts objects one by one until they do not fit; returns how many did, and what is left.
    fn estimate(&self, order: u64, size: u64, align: u64, off_slab: bool) -> (u64, i64) {
        let bytes = 4096u64 << order;
        let (base, extra) = if off_slab { (0, 0) } else { (self.descriptor, self.bufctl) };
        let mut objects = 0;
        while objects * size + up(base + objects * extra, align) <= bytes {
            objects += 1;
        }
        objects = objects.saturating_sub(1);
        let left = bytes as i64 - (objects * size) as i64 - up(base + objects * extra, align) as i64;
        (objects, left)
    }

    pub fn shape(&self, cache: &Cache) -> Option<Shape> {
        let (mut red, mut user) = (cache.red, cache.user);
        let mut size = up(cache.object, self.word);
        let mut align = self.word;
        if cache.hwcache {
            align = self.line;
            while size <= align / 2 {
                align /= 2;
            }
        }
        if align < cache.align {
            align = cache.align;
            if align > self.word {
                (red, user) = (false, false);
            }
        }
        let mut head = 0;
        if red {
            align = self.word;
            head = self.word;
            size += 2 * self.word;
        }
        if user {
            align = self.word;
            size += self.word;
        }
        let mut off_slab = size >= 4096 / 8;
        size = up(size, align);
        let mut order = 0;
        let (mut objects, mut left) = self.estimate(0, size, align, off_slab);
        if !(cache.reclaim && size <= 4096) {
            let break_order = if self.pages > (32 << 20) / 4096 { 1 } else { 0 };
            loop {
                (objects, left) = self.estimate(order, size, align, off_slab);
                if order >= self.max_order {
                    break;
                }
                if objects > 0 {
                    // `offslab_limit`: as many as the largest management that lies on a slab can index. Never so many.
                    assert!(!off_slab || objects <= (256 - self.descriptor) / self.bufctl, "{size}");
                    if order >= break_order || left * 8 <= 4096 << order {
                        break;
                    }
                }
                order += 1;
            }
        }
        if objects == 0 {
            return None;
        }
        let mut left = left as u64;
        let mut management = up(objects * self.bufctl + self.descriptor, align);
        if off_slab && left >= management {
            off_slab = false;
            left -= management;
        }
        if off_slab {
            management = objects * self.bufctl + self.descriptor;
        }
        let colours = left / self.line.max(align);
        Some(Shape { size, align, order, objects, off_slab, management, colours, head })
    }
}
