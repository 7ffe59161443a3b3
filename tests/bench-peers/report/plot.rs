//! The plots, as SVG.

use anyhow::{Result, anyhow};
use plotters::{
    chart::{ChartBuilder, SeriesLabelPosition},
    element::{Circle, PathElement, Rectangle, Text},
    prelude::{IntoDrawingArea, IntoLogRange, SVGBackend},
    series::LineSeries,
    style::{BLACK, Color, RGBColor, WHITE},
};

use super::number;
use crate::site::{CUSTOMER_PAGE, Engine, FASTAPI, FASTIFY, OURS, STAFF_LIST, SitePart};

const SIZE: (u32, u32) = (720, 420);
/// Told apart also by those who do not see colours well (Okabe and Ito).
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// All plots of the site, by the names of their files.
pub(super) fn of_site(part: &SitePart) -> Result<Vec<(&'static str, String)>> {
    let failed = |error: Box<dyn std::error::Error>| anyhow!("a plot could not be drawn: {error}");
    Ok(vec![
        ("growth-sqlite.svg", growth(part, Engine::SQLite).map_err(failed)?),
        ("growth-postgresql.svg", growth(part, Engine::PostgreSQL).map_err(failed)?),
        ("requests.svg", requests(part).map_err(failed)?),
    ])
}

/// Milliseconds of each view by the number of customers, both on logarithmic axes.
fn growth(part: &SitePart, engine: Engine) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let title = format!("Milliseconds until the answer, {engine:?}");
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 18))
            .margin(16)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d((800.0..125_000.0).log_scale(), (0.1..1000.0).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("customers")
            .y_desc("ms")
            .x_label_formatter(&|value| format!("{value:.0}"))
            .y_label_formatter(&|value| format!("{value}"))
            .draw()?;
        for (view, colour) in [STAFF_LIST, "search", "region", CUSTOMER_PAGE].iter().zip(COLOURS) {
            let of = part.growth.iter().filter(|one| one.view == *view && one.engine == engine);
            #[expect(clippy::cast_precision_loss, reason = "a point of a plot")]
            let points: Vec<(f64, f64)> =
                of.map(|one| (one.customers as f64, one.time.median)).collect();
            chart
                .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
                .label(*view)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour));
            chart.draw_series(points.into_iter().map(|at| Circle::new(at, 4, colour.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .border_style(BLACK.mix(0.3))
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

/// Requests a second of each server, page by page.
fn requests(part: &SitePart) -> Result<String, Box<dyn std::error::Error>> {
    let servers = [OURS, FASTAPI, FASTIFY];
    let mut bars = Vec::new();
    for one in &part.compared {
        for (server, colour) in servers.iter().zip(COLOURS) {
            let rate = one.servers.get(*server).map_or(0.0, |served| served.rate.median);
            bars.push((format!("{} on {:?}, {server}", one.page, one.engine), rate, colour));
        }
    }
    let highest = bars.iter().map(|(_, rate, _)| *rate).fold(1.0, f64::max);
    let mut svg = String::new();
    {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            reason = "some bars"
        )]
        let height = 60 + 26 * bars.len() as i32;
        let area =
            SVGBackend::with_string(&mut svg, (SIZE.0, height.unsigned_abs())).into_drawing_area();
        area.fill(&WHITE)?;
        area.draw(&Text::new("Requests a second on one core", (16, 16), ("sans-serif", 18)))?;
        for (at, (words, rate, colour)) in (0..).zip(&bars) {
            let top = 50 + 26 * at;
            #[expect(clippy::cast_possible_truncation, reason = "pixels")]
            let width = (rate / highest * 340.0) as i32;
            area.draw(&Text::new(words.clone(), (16, top + 3), ("sans-serif", 13)))?;
            area.draw(&Rectangle::new([(310, top), (310 + width, top + 18)], colour.filled()))?;
            area.draw(&Text::new(number(*rate), (316 + width, top + 3), ("sans-serif", 13)))?;
        }
        area.present()?;
    }
    Ok(svg)
}
