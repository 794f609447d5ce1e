//! Writes the Kotlin and Swift glue of the built library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
