//! The figures as a chart: milliseconds a node over the number of nodes.

use std::fmt::Write as _;

use crate::SHAPES;
use crate::report::Row;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 130.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;

/// Fewer nodes than that are lost in the fixed costs.
const FROM: usize = 100;

/// Draws the rows: a color for each shape, dashed for `cargo check`, solid for a release build.
pub(crate) fn svg(rows: &[Row]) -> String {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.n_nodes >= FROM).collect();
    let highest = rows.iter().map(|row| row.a_node(row.release).max(row.a_node(row.check))).fold(1.0, f64::max).ceil();
    let last = rows.iter().map(|row| row.n_nodes).max().unwrap_or(FROM + 1);
    let logarithm = |n_nodes: usize| f64::from(u32::try_from(n_nodes).unwrap_or(u32::MAX)).ln();
    let (first, span) = (logarithm(FROM), logarithm(last) - logarithm(FROM));
    let x = |n_nodes: usize| LEFT + (logarithm(n_nodes) - first) / span * (WIDTH - LEFT - RIGHT);
    let y = |milliseconds: f64| HEIGHT - BOTTOM - milliseconds / highest * (HEIGHT - TOP - BOTTOM);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"22\">CPU time to compile a pipeline, ms a node (solid: release build, dashed: check)</text>\n"
    );
    let mut milliseconds = 0.0;
    while milliseconds <= highest {
        let (at, left, right) = (y(milliseconds), LEFT - 8.0, WIDTH - RIGHT);
        let _ = writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/>");
        let _ = writeln!(svg, "<text x=\"{left}\" y=\"{:.1}\" text-anchor=\"end\">{milliseconds}</text>", at + 4.0);
        milliseconds += 1.0;
    }
    let mut sizes: Vec<usize> = rows.iter().map(|row| row.n_nodes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for n_nodes in sizes {
        let (at, below) = (x(n_nodes), HEIGHT - BOTTOM + 20.0);
        let _ = writeln!(svg, "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{n_nodes} nodes</text>");
    }

    let mut labels = Vec::new();
    for (shape, color) in SHAPES.into_iter().zip(["#0072b2", "#d55e00", "#009e73"]) {
        let of_shape = || rows.iter().filter(|row| row.shape == shape);
        let release = of_shape().map(|row| (x(row.n_nodes), y(row.a_node(row.release)))).collect();
        let check = of_shape().map(|row| (x(row.n_nodes), y(row.a_node(row.check)))).collect();
        for (points, what, dashes) in [(release, "", ""), (check, ", check", " stroke-dasharray=\"5 4\"")] {
            let points: Vec<(f64, f64)> = points;
            let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let path = path.join(" ");
            let style = format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"{dashes}");
            let _ = writeln!(svg, "<polyline points=\"{path}\" {style}/>");
            for (x, y) in &points {
                let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>");
            }
            labels.extend(points.last().map(|&(_, y)| (y, format!("{shape}{what}"), color)));
        }
    }
    // Labels stand at the ends of their lines, one below the other.
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = 0.0;
    for (y, label, color) in labels {
        let at = (y + 4.0).max(free);
        free = at + 15.0;
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{at:.1}\" fill=\"{color}\">{label}</text>", WIDTH - RIGHT + 10.0);
    }
    svg + "</svg>\n"
}
