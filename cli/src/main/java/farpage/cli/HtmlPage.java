package farpage.cli;

import java.io.PrintStream;
import java.util.List;

/// What all pages share: they need nothing but themselves, and are made for a phone, a screen,
/// light or dark, and paper.
final class HtmlPage {
    private static final String STYLE =
            """
            <style>
            :root { --ink: #1c2126; --soft: #59636e; --paper: #ffffff; --grid: #d9dee3;
              --bad: #b3261e; --a: #0b63b0; --b: #c2570c; --c: #1d7a4c; --d: #7a4fa3;
              --e: #8a6d00; --f: #59636e; }
            @media (prefers-color-scheme: dark) { :root { --ink: #e7ebef; --soft: #a4afba;
              --paper: #14181c; --grid: #38414a; --bad: #ff8a80; --a: #6cb2f5; --b: #f2a15c;
              --c: #6fd0a0; --d: #c5a3ec; --e: #e0c050; --f: #a4afba; } }
            @media print { :root { --ink: #000; --soft: #333; --paper: #fff; --grid: #bbb;
              --bad: #a00; --a: #0b63b0; --b: #c2570c; --c: #1d7a4c; --d: #7a4fa3; --e: #8a6d00;
              --f: #444; }
              figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
              .wide { overflow: visible; } table { font-size: 0.55rem; }
              th, td { padding: 0.1rem 0.2rem; white-space: normal; } }
            body { margin: 0 auto; padding: 1rem; max-width: 44rem; background: var(--paper);
              color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
            h1 { font-size: 1.4rem; line-height: 1.25; } h2 { font-size: 1.1rem; margin-top: 2rem; }
            h3 { font-size: 1rem; }
            dt { font-weight: 600; } dd { margin: 0 0 0.6rem; overflow-wrap: anywhere; }
            figure { margin: 1.2rem 0; } figcaption { font-weight: 600; margin-bottom: 0.3rem; }
            svg { display: block; width: 100%; height: auto; }
            svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
            svg .small { font-size: 10.5px; fill: var(--soft); }
            svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
            .grid { stroke: var(--grid); stroke-width: 1; }
            .line { fill: none; stroke-width: 2; }
            .line.s0 { stroke: var(--a); } .line.s1 { stroke: var(--b); stroke-dasharray: 6 3; }
            .line.s2 { stroke: var(--c); stroke-dasharray: 2 3; }
            .line.s3 { stroke: var(--d); stroke-dasharray: 8 3 2 3; }
            .line.s4 { stroke: var(--e); stroke-dasharray: 10 4; }
            .line.s5 { stroke: var(--f); stroke-dasharray: 1 4; }
            .mark.s0 { fill: var(--a); } .mark.s1 { fill: var(--b); } .mark.s2 { fill: var(--c); }
            .mark.s4 { fill: var(--e); }
            .bar { stroke: var(--paper); stroke-width: 0.5; }
            .bar.p0 { fill: var(--b); } .bar.p1 { fill: var(--a); } .bar.p2 { fill: var(--c); }
            .bar.p3 { fill: var(--d); } .bar.p4 { fill: var(--e); } .bar.p5 { fill: var(--f); }
            .wide { overflow-x: auto; }
            table { border-collapse: collapse; font-size: 0.85rem; width: 100%; }
            th, td { padding: 0.2rem 0.5rem; text-align: right; white-space: nowrap;
              border-bottom: 1px solid var(--grid); font-variant-numeric: tabular-nums; }
            th:first-child, td:first-child, .text { text-align: left; }
            .failed { color: var(--bad); font-weight: 600; } .skipped { color: var(--soft); }
            td.reason { white-space: normal; min-width: 14rem; text-align: left; }
            </style>
            </head>
            <body>
            """;

    private HtmlPage() {}

    static void begin(PrintStream out, String title) {
        out.print(
                """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <title>%s</title>
                """
                        .formatted(SvgText.escaped(title)));
        out.print(STYLE);
    }

    static void end(PrintStream out) {
        out.print("</body>\n</html>\n");
    }

    /// A name and what it stands for, within a `dl`.
    static void term(PrintStream out, String name, String text) {
        out.print(
                "<dt>%s</dt><dd>%s</dd>\n".formatted(SvgText.escaped(name), SvgText.escaped(text)));
    }

    static void list(PrintStream out, List<String> texts) {
        out.print("<ul>\n");
        texts.forEach(text -> out.print("<li>%s</li>\n".formatted(SvgText.escaped(text))));
        out.print("</ul>\n");
    }

    /// @param svg a picture
    static void figure(PrintStream out, String caption, String svg) {
        out.print(
                "<figure><figcaption>%s</figcaption>\n%s</figure>\n"
                        .formatted(SvgText.escaped(caption), svg));
    }
}
