/// Linux memory management as a model: page tables, folios, VMAs, notifiers, device pages.
module farpage.mm {
    requires static transitive org.jspecify;

    exports farpage.mm;
    exports farpage.mm.exclusive;
    exports farpage.mm.fault;
    exports farpage.mm.file;
    exports farpage.mm.gup;
    exports farpage.mm.hmm;
    exports farpage.mm.hugememory;
    exports farpage.mm.hugetlb;
    exports farpage.mm.inspect;
    exports farpage.mm.khugepaged;
    exports farpage.mm.ksm;
    exports farpage.mm.lock;
    exports farpage.mm.memcg;
    exports farpage.mm.memory;
    exports farpage.mm.memoryfailure;
    exports farpage.mm.mempolicy;
    exports farpage.mm.migrate;
    exports farpage.mm.notifier;
    exports farpage.mm.physical;
    exports farpage.mm.numa;
    exports farpage.mm.reclaim;
    exports farpage.mm.swap;
    exports farpage.mm.userfaultfd;
    exports farpage.mm.zonedevice;
}
