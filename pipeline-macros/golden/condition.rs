#[cfg(feature = "fast")]
pipeline_core::pipeline! {
    pub training for Catalog { #[doc = r" Not everywhere."] node(fit, [train] ->
    [model]), #[cfg(not(feature = "fast"))] node(fit_slowly, [train] -> [model]),
    node(score, [model] -> [accuracy : f64]), }
}
#[cfg(not(feature = "fast"))]
pipeline_core::pipeline! {
    pub training for Catalog { #[doc = r" Not everywhere."] #[cfg(false)] node(fit,
    [train] -> [model]), #[cfg(not(feature = "fast"))] node(fit_slowly, [train] ->
    [model]), #[cfg(false)] node(score, [model] -> [accuracy : f64]), }
}
