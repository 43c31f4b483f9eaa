use core::mem::MaybeUninit;

use stampool::alloc::Static;

fn main() {
    let fixed = {
        let mut buffer = [MaybeUninit::uninit(); 64];
        Static::new(&mut buffer)
    };
    _ = fixed.usage();
}
