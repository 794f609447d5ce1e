//! What a phone at rest asks for (U3): at most six positions an hour, whatever its radio says.
