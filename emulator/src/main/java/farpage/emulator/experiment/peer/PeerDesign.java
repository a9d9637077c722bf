package farpage.emulator.experiment.peer;

import farpage.emulator.peer.PeerMode;
import farpage.mm.hmm.P2pdmaRoutes.Route;
import java.util.Locale;

/// What is compared.
///
/// @kernel None: forms that were discussed on linux-mm from 2024 on
enum PeerDesign {
    /// The pages move to RAM, and the second device reads them there.
    TODAY(PeerMode.OFF, Route.NONE, "through RAM"),
    /// By a second page, from buffer to buffer.
    TWO_PAGES(PeerMode.TWO_PAGES, Route.BUS_ADDR, "two pages"),
    /// By the one page, from buffer to buffer.
    UNIFIED(PeerMode.UNIFIED, Route.BUS_ADDR, "one page"),
    /// By the one page, with the bytes through memory of the host.
    UNIFIED_STAGED(PeerMode.UNIFIED, Route.THRU_HOST_BRIDGE, "one page, staged");

    private final PeerMode mode;
    private final Route route;
    private final String words;

    PeerDesign(PeerMode mode, Route route, String words) {
        this.mode = mode;
        this.route = route;
        this.words = words;
    }

    PeerMode mode() {
        return mode;
    }

    Route route() {
        return route;
    }

    /// For people.
    String words() {
        return words;
    }

    /// For programs.
    String field() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
