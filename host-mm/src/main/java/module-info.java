/// Linux memory management as a model: page tables, folios, VMAs, notifiers, device pages.
module farpage.mm {
    requires static org.jspecify;
    requires jdk.jfr;

    exports farpage.mm;
}
