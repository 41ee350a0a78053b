//! The parameters of modules: a table in each object, see `include/linux/moduleparam.h`.

use crate::session::Session;

/// A parameter that a module has.
#[derive(Clone, Debug)]
pub struct ParamRecord {
    /// The module.
    pub module: String,
    /// Its name.
    pub name: String,
    /// Where its record lies.
    pub at: u32,
    /// The function that sets it: `set(value, record)`.
    pub set: u32,
}

impl Session {
    /// Returns the parameters of all modules.
    pub fn params(&self) -> Vec<ParamRecord> {
        // Four words.
        let record = 4 * self.exec.word_bytes();
        let mut params = Vec::new();
        for (object, module) in self.names.iter().enumerate() {
            let Some(section) = self.modules.section(object, "__kmem_param") else { continue };
            for at in (section.start..section.start + section.bytes).step_by(record as usize) {
                let (name, set) = (self.read_string(self.read_pointer(at, 0)), self.read_pointer(at, 1));
                params.push(ParamRecord { module: module.clone(), name, at, set });
            }
        }
        params
    }
}
