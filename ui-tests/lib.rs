//! Mistakes that the macros catch, as tests: `fail/` holds one each, `pass/` its repair.
