//! How an app's library is linked: its relocations, most of which say "add the base here", take a bit each instead of 24 bytes.
//! Android has read that since 9, glibc since 2.36.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,pack-relative-relocs");
}
