//! The vendor's side: validation of answers against the OpenAPI document.
