-- What lies in the vendor's buckets, region by region, as `publish` read it back. While there is no row
-- at all, nothing was ever published from here, and links are made for every region.

CREATE TABLE artefacts (
    region TEXT NOT NULL,
    template_id TEXT NOT NULL,         -- or bootstrap, the function's code
    version TEXT NOT NULL,
    bucket TEXT NOT NULL,
    digest TEXT NOT NULL,              -- SHA-256
    published_at BIGINT NOT NULL,
    PRIMARY KEY (region, template_id, version)
);
