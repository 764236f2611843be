/* Which power plants to build, and how to run them through a typical day, at the least cost. */

set HOURS := 0..23;
set SOURCES;                             # of electricity

param investment{SOURCES} >= 0;          # annuity of a unit of capacity, EUR/MW/year
param fuel{SOURCES} >= 0;                # EUR/MWh
param carbon{SOURCES} >= 0;              # t CO2/MWh
param available{SOURCES, HOURS} >= 0;    # share of the capacity that can run
param demand{HOURS} >= 0;                # MW
param cap >= 0;                          # on emissions, t CO2/year
param storage_cost >= 0;                 # annuity of storage, EUR/MWh/year
param efficiency >= 0, <= 1;             # of a full turn of the storage
param penalty := 10000;                  # of demand that is not met, EUR/MWh
param days := 365;

var capacity{SOURCES} >= 0;
var store >= 0;
var generation{SOURCES, HOURS} >= 0;
var charge{HOURS} >= 0;
var discharge{HOURS} >= 0;
var level{HOURS} >= 0;
var unmet{HOURS} >= 0;

minimize cost: sum{s in SOURCES} investment[s] * capacity[s] + storage_cost * store
    + days * sum{h in HOURS} (sum{s in SOURCES} fuel[s] * generation[s, h] + penalty * unmet[h]);

subject to balance{h in HOURS}:
    sum{s in SOURCES} generation[s, h] + discharge[h] + unmet[h] = demand[h] + charge[h];
subject to plant{s in SOURCES, h in HOURS}: generation[s, h] <= available[s, h] * capacity[s];
subject to full{h in HOURS}: level[h] <= store;
subject to turn{h in HOURS}:             # the day starts where it ends
    level[(h + 1) mod 24] = level[h] + efficiency * charge[h] - discharge[h];
subject to emissions: days * sum{s in SOURCES, h in HOURS} carbon[s] * generation[s, h] <= cap;

solve;

printf '{"cost": %.17g, "emissions": %.17g, "unmet": %.17g, "storage": %.17g', cost,
    days * sum{s in SOURCES, h in HOURS} carbon[s] * generation[s, h], days * sum{h in HOURS} unmet[h], store
    > "result.json";
printf{s in SOURCES} ', "%s": %.17g', s, capacity[s] >> "result.json";
printf '}\n' >> "result.json";

end;
