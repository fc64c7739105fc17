use std::io;
use std::time::Duration;
use tidewatch::{Gauge, Metres};

// ANCHOR: main
# fn open() -> io::Result<Gauge> { Gauge::open("/dev/ttyUSB0") }
fn main() -> io::Result<()> {
    let gauge = open()?;
    let height: Metres = gauge.read(Duration::from_secs(2))?;
    if height < Metres(0.0) {
        println!("The sea has gone.");
    }
    println!("{height:.2} m");
    Ok(())
}
// ANCHOR_END: main
