// Adds the tab "Precise figures" to what Locust's page was given, beside tabs a locustfile may have added itself.
"use strict";
(() => {
  const given = window.templateArgs;
  if (!given) return;
  const add = (list, entry, key) => {
    given[list] = given[list] || [];
    if (!given[list].some((other) => other[key] === entry[key])) given[list].push(entry);
  };
  // Locust's page draws `component` in a tab; a name is enough, for our element is a custom one.
  add("extended_tabs", { title: "Precise figures", key: "native", component: "native-figures" }, "key");
  add("extended_csv_files", { title: "Download Precise Requests CSV", href: "./native/requests.csv" }, "href");
  add("extended_csv_files", { title: "Download Precise Figures (JSON)", href: "./native/figures?download" }, "href");
})();
