// Makes borders.topo.json, the borders of spring 2005 for the map of NATO and Partner countries,
// from Natural Earth's (public domain) as the npm package `world-atlas` holds them.
//
//   npm install --ignore-scripts world-atlas@2.0.2 topojson-client topojson-server topojson-simplify d3-geo
//   node borders.mjs            (in a folder that sees node_modules, with countries.csv)
//
// Objects: `countries`, each with its ISO 3166 code as id where countries.csv names it, and
// `hatch`, lines across the Partner countries, so that they are told apart without colour.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoArea, geoAzimuthalEqualArea, geoPath } from "d3-geo";
import { feature, mergeArcs, quantize } from "topojson-client";
import { topology } from "topojson-server";
import { presimplify, simplify, sphericalTriangleArea } from "topojson-simplify";

const require = createRequire(import.meta.url);
const world = JSON.parse(readFileSync(require.resolve("world-atlas/countries-50m.json")));

// ISO 3166 numeric codes of the countries in countries.csv; a list takes in territories that
// Natural Earth keeps apart (Greenland and the Faroes with Denmark, Åland with Finland …).
const CODES = {
  BE: ["056"], CA: ["124"], DK: ["208", "304", "234"], FR: ["250"], IS: ["352"], IT: ["380"],
  LU: ["442"], NL: ["528"], NO: ["578"], PT: ["620"], GB: ["826", "831", "832", "833"], US: ["840"],
  GR: ["300"], TR: ["792"], DE: ["276"], ES: ["724"], CZ: ["203"], HU: ["348"], PL: ["616"],
  BG: ["100"], EE: ["233"], LV: ["428"], LT: ["440"], RO: ["642"], SK: ["703"], SI: ["705"],
  AL: ["008"], AM: ["051"], AT: ["040"], AZ: ["031"], BY: ["112"], HR: ["191"], FI: ["246", "248"],
  GE: ["268"], IE: ["372"], KZ: ["398"], KG: ["417"], MD: ["498"], RU: ["643"], SE: ["752"],
  CH: ["756"], TJ: ["762"], MK: ["807"], TM: ["795"], UA: ["804"], UZ: ["860"],
};
// One state each in 2005, two or three features today. (Kosovo and Northern Cyprus have no code.)
const MERGED = { CS: ["688", "499", "Kosovo"], CY: ["196", "N. Cyprus"] };

const SPREAD = { width: 300, height: 190 }; // millimetres
const HATCH_MM = 2;
// The projections of map.vl.json in millimetres: keep the numbers in step with it.
const main = geoAzimuthalEqualArea().rotate([-33, -52]).scale(247).translate([150, 112]);
const inset = geoAzimuthalEqualArea().rotate([97, -53]).scale(48.95).translate([28.3, 29.6]);

const partners = new Set(
  readFileSync("countries.csv", "utf8").split("\n").filter((row) => row.includes(",partner,"))
    .map((row) => row.split(",")[0]),
);

const source = world.objects.countries.geometries;
const keyOf = (geometry) => geometry.id ?? geometry.properties.name;
const polygons = (geometry) => (geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs);

/** The features named by `keys` as one list of polygons. */
const gather = (keys) => source.filter((geometry) => keys.includes(keyOf(geometry)))
  .flatMap((geometry) => polygons(geometry).map((arcs) => ({ type: "Polygon", arcs })));

const lists = Object.fromEntries(
  Object.entries({ ...CODES, ...MERGED }).map(([code, keys]) => [code, gather(keys)]),
);
// Natural Earth draws borders as they are held today; in 2005 the Crimea was held by Ukraine.
const crimea = lists.RU.find((polygon) => {
  const [[west, south], [east, north]] = boundsOnEarth(polygon);
  return west > 32 && east < 37 && south > 44 && north < 46.5;
});
if (!crimea) throw new Error("The Crimea is not a polygon of its own in this version of world-atlas.");
lists.RU = lists.RU.filter((polygon) => polygon !== crimea);
lists.UA.push(crimea);

const taken = new Set(Object.values({ ...CODES, ...MERGED }).flat());
const others = source.filter((geometry) => !taken.has(keyOf(geometry)))
  .map((geometry) => polygons(geometry).map((arcs) => ({ type: "Polygon", arcs })));

function boundsOnEarth(polygon) {
  const ring = feature(world, polygon).geometry.coordinates[0];
  const [lons, lats] = [0, 1].map((axis) => ring.map((point) => point[axis]));
  return [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]];
}

/** Whether a polygon shows on the spread or in its inset, and is not a speck there. */
function shows(polygon) {
  const shape = feature(world, polygon);
  const km2 = geoArea(shape) * 6371 ** 2;
  const reaches = (projection, [left, top, right, bottom]) => {
    const [[x0, y0], [x1, y1]] = geoPath(projection).bounds(shape);
    return x1 > left && x0 < right && y1 > top && y0 < bottom;
  };
  return (km2 > 250 && reaches(main.clipExtent([[-5, -5], [305, 195]]), [0, 0, SPREAD.width, SPREAD.height])) ||
    (km2 > 4000 && reaches(inset.clipExtent([[-5, -5], [65, 70]]), [2, 2, 55, 57]));
}

const geometries = [
  ...Object.entries(lists).map(([code, list]) => [code, list.filter(shows)]),
  ...others.map((list) => [undefined, list.filter(shows)]),
].filter(([, list]) => list.length).map(([id, list]) => ({ ...(id && { id }), ...mergeArcs(world, list) }));

// Points that stand out less than a fiftieth of a square millimetre go; overseas the map is smaller.
const weighted = presimplify({ ...world, objects: { countries: { type: "GeometryCollection", geometries } } }, sphericalTriangleArea);
for (const arc of weighted.arcs) for (const point of arc) if (point[0] < -50) point[2] /= 25;
const simple = simplify(weighted, 3e-7);

const countries = feature(simple, simple.objects.countries);
const hatch = {
  type: "MultiLineString",
  coordinates: countries.features.filter(({ id }) => partners.has(id)).flatMap(({ geometry }) => strokes(geometry)),
};

/** Parallel lines across a shape, at 45° on the map, as lines on the Earth. */
function strokes(shape) {
  main.clipExtent([[-2, -2], [302, 192]]);
  const rings = ringsOf(shape).map((ring) => ring.map(([x, y]) => [(x + y) / Math.SQRT2, (y - x) / Math.SQRT2]));
  const offsets = rings.flat().map((point) => point[0]);
  const lines = [];
  for (let u = Math.ceil(Math.min(...offsets) / HATCH_MM) * HATCH_MM; u < Math.max(...offsets); u += HATCH_MM) {
    const crossings = rings.flatMap((ring) => ring.flatMap(([u0, v0], i) => {
      const [u1, v1] = ring[(i + 1) % ring.length];
      return (u0 < u) === (u1 < u) ? [] : [v0 + ((u - u0) / (u1 - u0)) * (v1 - v0)];
    })).sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const [from, to] = [crossings[i], crossings[i + 1]];
      if (to - from < 0.3) continue;
      const steps = Math.max(1, Math.ceil((to - from) / 8));
      lines.push(Array.from({ length: steps + 1 }, (_, step) => {
        const v = from + ((to - from) * step) / steps;
        return main.invert([(u - v) / Math.SQRT2, (u + v) / Math.SQRT2]);
      }));
    }
  }
  return lines;
}

/** The shape's rings in millimetres on the spread, cut off at its edge. */
function ringsOf(shape) {
  const rings = [];
  let ring;
  geoPath(main, {
    moveTo: (x, y) => rings.push((ring = [[x, y]])),
    lineTo: (x, y) => ring.push([x, y]),
    closePath: () => {},
    beginPath: () => {},
  })(shape);
  return rings;
}

const result = quantize(topology({ countries, hatch }), 1e5);
for (const geometry of result.objects.countries.geometries) delete geometry.properties;
writeFileSync("borders.topo.json", JSON.stringify(result));
