//! The story as a program tells it, for many seeds.

#[cfg(test)]
mod seeds;
