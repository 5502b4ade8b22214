//! Catalogs for pipelines of other crates: two modules that have one of the same name each.

pub mod first {
    //! A catalog and a pipeline over it.

    use pipeline_core::prelude::*;

    catalog! {
        /// The first of its name.
        #[derive(Debug)]
        pub struct Catalog {
            /// Where a number comes from.
            A: Memory<i32> = Memory::new(1),
            /// Where it goes.
            B: Memory<i32>,
            /// What other crates do not see: their tests are not those of this one.
            #[cfg(test)]
            own: Memory<i32>,
            /// What else there is.
            params: Parameters = Parameters { step: 10 },
        }
    }

    /// The parameters.
    #[derive(Clone, Debug)]
    pub struct Parameters {
        /// How far a step is.
        pub step: i32,
    }

    pipeline! {
        /// Goes a step.
        pub stepping for Catalog {
            node(step, [A, params:step] -> [B]),
            node(|a: i32| a + 100, [A] -> [far: i32]),
        }
    }

    fn step(from: i32, step: i32) -> i32 {
        from + step
    }
}

pub mod second {
    //! A catalog of the same name with other datasets.

    use pipeline_core::prelude::*;

    catalog! {
        /// The second of its name.
        #[derive(Debug)]
        pub struct Catalog {
            /// A word.
            word: Memory<String> = Memory::new("second".to_owned()),
            /// Its length.
            len: Memory<usize>,
        }
    }
}

pub mod twin {
    //! A catalog of the same name with the same datasets as the second.

    use pipeline_core::prelude::*;

    catalog! {
        /// The second of its name.
        #[derive(Debug)]
        pub struct Catalog {
            /// A word.
            word: Memory<String> = Memory::new("second".to_owned()),
            /// Its length.
            len: Memory<usize>,
        }
    }
}
