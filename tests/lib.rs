//! Integration tests over the public API of `pipeline-core`: see the folder `tests`.
