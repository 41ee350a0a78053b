//! Devices that are not there: a name, a window of registers in the machine's physical address space, an interrupt, and
//! the properties of a device tree's node. Drivers find them on the platform bus, or on the PCI bus.
//!
//! The registers are plain memory that nobody but the driver and the script looks at: what one writes, the other reads.

use crate::exec::Call;
use crate::run::{Failed, Run};
use crate::session::Session;
use kmem::units::{align_up, PAGE_SIZE};
use kmem::{Pfn, PhysAddr};

/// Where the first window is, if RAM leaves it room: in the hole below 4 GiB that PCs keep for devices.
const FIRST_WINDOW: u64 = 0xfea0_0000;
/// Windows begin at multiples of this.
const WINDOW_ALIGN: u64 = 64 << 10;
/// The largest window.
const LARGEST: u64 = 16 << 20;

/// A device, as `--device` describes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FakeDevice {
    /// Its name, by which drivers and scripts know it.
    pub name: String,
    /// Bytes of its register window; 0: it has none.
    pub mmio: u64,
    /// Its first port, and how many it has; 0: none.
    pub ports: (u32, u32),
    /// Its interrupt; 0: it has none.
    pub irq: u32,
    /// What its node of the device tree is compatible with.
    pub of: Option<String>,
    /// `VENDOR:DEVICE`, in hexadecimal: it is on the PCI bus.
    pub pci: Option<String>,
    /// Properties of its node, by name.
    pub properties: Vec<(String, String)>,
    /// Where its registers are; chosen when the device is added.
    pub base: u64,
}

impl FakeDevice {
    /// Reads `NAME[,mmio=SIZE][,port=FIRST[:COUNT]][,irq=N][,of=COMPATIBLE][,pci=VENDOR:DEVICE][,prop.KEY=VALUE]`.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let name = parts.next().unwrap_or_default().to_owned();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
        if name.is_empty() || !name.chars().all(is_name) || name.len() > 40 {
            return Err(format!("`{name}` is no name of a device: letters, digits, `_`, `-`, `.`, at most 40"));
        }
        let mut device = Self { name, ..Self::default() };
        let mut before = "";
        for part in parts {
            // Names of vendors and what they make are written with a comma: of=acme,uart.
            if before == "of" && !part.contains('=') && !part.starts_with("prop.") {
                if let Some(of) = &mut device.of {
                    of.push(',');
                    of.push_str(part);
                }
                continue;
            }
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            before = key;
            match key {
                "mmio" => device.mmio = window_size(value)?,
                "port" => device.ports = port_range(value)?,
                "irq" => {
                    device.irq = value
                        .parse()
                        .ok()
                        .filter(|irq| (1..=4095).contains(irq))
                        .ok_or_else(|| format!("irq={value}: want a number from 1 to 4095"))?;
                }
                "of" if !value.is_empty() => device.of = Some(value.to_owned()),
                "pci" => device.pci = Some(pci_numbers(value)?),
                _ => match key.strip_prefix("prop.").filter(|name| !name.is_empty()) {
                    Some(name) => device.properties.push((name.to_owned(), value.to_owned())),
                    None => {
                        return Err(format!(
                            "`{part}`: want mmio=SIZE, port=FIRST[:COUNT], irq=N, of=COMPATIBLE, pci=VENDOR:DEVICE or prop.KEY=VALUE"
                        ))
                    }
                },
            }
        }
        if device.pci.is_some() && device.of.is_some() {
            return Err("of= beside pci=: a device is on one bus".to_owned());
        }
        Ok(device)
    }

    /// What the runtime asks for, by its key.
    fn value(&self, key: &str) -> Option<String> {
        match key {
            "name" => Some(self.name.clone()),
            "mmio" => Some(format!("{:#x}", self.base)),
            "size" => Some(format!("{:#x}", self.mmio)),
            "irq" => Some(self.irq.to_string()),
            "port" => (self.ports.1 > 0).then(|| self.ports.0.to_string()),
            "ports" => Some(self.ports.1.to_string()),
            "of" => self.of.clone(),
            "pci" => self.pci.clone(),
            "props" => {
                let names: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
                (!names.is_empty()).then(|| names.join("\n"))
            }
            _ => {
                let name = key.strip_prefix("prop.")?;
                self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            }
        }
    }
}

fn window_size(text: &str) -> Result<u64, String> {
    let bad = || format!("mmio={text}: want a size from 4 bytes to 16M, such as 0x100, 4K or 1M");
    let (digits, unit) = match text.as_bytes().last().map(u8::to_ascii_uppercase) {
        Some(b'K') => (&text[..text.len() - 1], 1 << 10),
        Some(b'M') => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    let number = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    let size = number.ok().and_then(|number: u64| number.checked_mul(unit)).ok_or_else(bad)?;
    if (4..=LARGEST).contains(&size) {
        Ok(size)
    } else {
        Err(bad())
    }
}

/// Reads `FIRST[:COUNT]`; eight ports if it is not said.
fn port_range(text: &str) -> Result<(u32, u32), String> {
    let (first, count) = text.split_once(':').unwrap_or((text, "8"));
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    match (number(first), number(count)) {
        (Some(first), Some(count)) if count > 0 && u64::from(first) + u64::from(count) <= 0x10000 => Ok((first, count)),
        _ => Err(format!("port={text}: want FIRST[:COUNT], below 0x10000, such as 0x378:3")),
    }
}

fn pci_numbers(text: &str) -> Result<String, String> {
    let is_number = |part: &str| (1..=4).contains(&part.len()) && part.chars().all(|c| c.is_ascii_hexdigit());
    match text.split_once(':') {
        Some((vendor, device)) if is_number(vendor) && is_number(device) => Ok(text.to_owned()),
        _ => Err(format!("pci={text}: want VENDOR:DEVICE in hexadecimal, such as 8086:100e")),
    }
}

/// `int kmem_host_device(unsigned index, const char *key, char *buf, unsigned size)`: the length of the value, -1: none.
pub(crate) fn describe(s: &Session, call: &mut Call<'_>) -> u64 {
    let (index, key, buffer, size) = (call.word(), s.read_string(call.word()), call.word(), call.word());
    let value = s.devices.borrow().get(index as usize).and_then(|device| device.value(&key));
    match value {
        Some(value) => s.write_string(buffer, size, &value),
        None => u64::from(u32::MAX),
    }
}

impl Run {
    /// Puts devices on the machine's buses. Comes before the inits.
    ///
    /// # Errors
    /// A name that is used twice, or a window for which the machine has no addresses.
    pub fn add_devices(&self, devices: &[FakeDevice]) -> Result<(), String> {
        let session = self.session();
        let mut next = FIRST_WINDOW;
        for (index, device) in devices.iter().enumerate() {
            if devices[..index].iter().any(|other| other.name == device.name) {
                return Err(format!("two devices are called {}", device.name));
            }
            let mut device = device.clone();
            if device.mmio > 0 {
                let bytes = align_up(device.mmio, PAGE_SIZE);
                let is_ram =
                    (next / PAGE_SIZE..(next + bytes) / PAGE_SIZE).any(|pfn| session.kernel.is_ram(Pfn::new(pfn)));
                if is_ram || next + bytes > 1 << 32 {
                    return Err(format!("{}: the machine has no addresses for its registers", device.name));
                }
                device.base = next;
                next = align_up(next + bytes, WINDOW_ALIGN);
            }
            session.devices.borrow_mut().push(device);
        }
        Ok(())
    }

    /// Reads a register of 1, 2 or 4 bytes.
    ///
    /// # Errors
    /// ENODEV, or EFAULT outside the window.
    pub fn read_register(&self, name: &str, offset: u64, bytes: u32) -> Result<u32, Failed> {
        let addr = self.register(name, offset, bytes)?;
        let mut word = [0; 4];
        let session = self.session();
        let read = session.kernel.machine().read_device(addr, &mut word[..bytes as usize]);
        read.map(|()| u32::from_le_bytes(word)).map_err(|_| Failed::Errno(5))
    }
    /// Writes a register of 1, 2 or 4 bytes.
    ///
    /// # Errors
    /// As [`Run::read_register`].
    pub fn write_register(&self, name: &str, offset: u64, bytes: u32, value: u32) -> Result<(), Failed> {
        let addr = self.register(name, offset, bytes)?;
        let session = self.session();
        let written = session.kernel.machine().write_device(addr, &value.to_le_bytes()[..bytes as usize]);
        written.map_err(|_| Failed::Errno(5))
    }
    /// Raises a device's interrupt, and lets what it has set going come to rest.
    ///
    /// # Errors
    /// ENODEV without such a device, ENOENT when no driver asked for its interrupt, EIO when none cared.
    pub fn raise_irq(&self, name: &str) -> Result<(), Failed> {
        const ENODEV: i32 = 19;
        let irq = self.session().devices.borrow().iter().find(|device| device.name == name).map(|device| device.irq);
        let irq = irq.filter(|irq| *irq != 0).ok_or(Failed::Errno(ENODEV))?;
        let raised = self.call_runtime("kmem_irq_raise", &[irq]).ok_or(Failed::Died)? as i32;
        self.call_runtime("kmem_rt_idle", &[]).ok_or(Failed::Died)?;
        if raised < 0 {
            Err(Failed::Errno(-raised))
        } else {
            Ok(())
        }
    }
    fn register(&self, name: &str, offset: u64, bytes: u32) -> Result<PhysAddr, Failed> {
        const ENODEV: i32 = 19;
        const EFAULT: i32 = 14;
        let session = self.session();
        let devices = session.devices.borrow();
        let device = devices.iter().find(|device| device.name == name).ok_or(Failed::Errno(ENODEV))?;
        let fits = offset.checked_add(bytes.into()).is_some_and(|end| end <= device.mmio);
        let is_aligned = matches!(bytes, 1 | 2 | 4) && offset.is_multiple_of(bytes.into());
        if fits && is_aligned {
            Ok(PhysAddr::new(device.base + offset))
        } else {
            Err(Failed::Errno(EFAULT))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let device = FakeDevice::parse("uart0,mmio=4K,irq=5,of=acme,uart,prop.fifo=16,prop.fast").unwrap();
        assert_eq!((device.mmio, device.irq, device.of.as_deref()), (4096, 5, Some("acme,uart")));
        assert_eq!(device.value("prop.fifo").as_deref(), Some("16"));
        assert_eq!(device.value("props").as_deref(), Some("fifo\nfast"));
        assert_eq!(FakeDevice::parse("nic,pci=8086:100e").unwrap().pci.as_deref(), Some("8086:100e"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("", "no name"),
            ("a b", "no name"),
            ("x,mmio=0", "want a size"),
            ("x,mmio=99M", "want a size"),
            ("x,irq=0", "want a number"),
            ("x,port=0xffff:2", "want FIRST"),
            ("x,pci=8086", "VENDOR:DEVICE"),
            ("x,color=red", "want mmio=SIZE"),
            ("x,pci=1:2,of=y", "one bus"),
        ] {
            let error = FakeDevice::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
