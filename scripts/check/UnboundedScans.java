// Which resolved queries of a list (sql-list.ts) scan a table without a constant or parameter range on its column of
// time: without one BigQuery reads, and bills, the whole history. By Google's analyzer of GoogleSQL; compiled
// beside the tool's Check.java, which sets the analyzer as BigQuery does.
//   java -cp <classes>:'<lib>/*' UnboundedScans <list.json> <table> <column> [<table> <column> …]

import com.google.gson.*;
import com.google.zetasql.*;
import com.google.zetasql.resolvedast.ResolvedNodes.*;
import java.io.*;
import java.util.*;

public class UnboundedScans {
  /** Column of time by table, and how often each was scanned. */
  static final Map<String, String> columns = new LinkedHashMap<>();
  static final Map<String, Integer> scans = new LinkedHashMap<>();

  public static void main(String[] args) throws IOException {
    JsonObject list = JsonParser.parseReader(new FileReader(args[0])).getAsJsonObject();
    for (int i = 1; i + 1 < args.length; i += 2) {
      columns.put(args[i], args[i + 1]);
      scans.put(args[i], 0);
    }
    Map<String, SimpleTable> tables = new LinkedHashMap<>();
    for (JsonElement element : list.getAsJsonArray("tables")) {
      JsonObject table = element.getAsJsonObject();
      String name = table.get("name").getAsString();
      List<SimpleColumn> columns = new ArrayList<>();
      for (JsonElement column : table.getAsJsonArray("columns"))
        columns.add(new SimpleColumn(name, column.getAsJsonObject().get("name").getAsString(), Check.type(column.getAsJsonObject())));
      tables.put(name, new SimpleTable(name, columns));
    }
    List<String> faults = new ArrayList<>();
    // Views wait for those that they read.
    Deque<JsonObject> waiting = new ArrayDeque<>();
    for (JsonElement view : list.getAsJsonArray("views")) waiting.add(view.getAsJsonObject());
    for (int left = 1000; !waiting.isEmpty() && left > 0; left--) {
      JsonObject view = waiting.poll();
      String name = view.get("name").getAsString();
      ResolvedStatement statement;
      try {
        statement = resolve(view, tables);
      } catch (SqlException e) {
        waiting.add(view);
        continue;
      }
      judge(view, statement, faults);
      List<SimpleColumn> columns = new ArrayList<>();
      for (ResolvedOutputColumn column : ((ResolvedQueryStmt) statement).getOutputColumnList())
        columns.add(new SimpleColumn(name, column.getName(), column.getColumn().getType()));
      tables.put(name, new SimpleTable(name, columns));
    }
    if (!waiting.isEmpty()) faults.add(waiting.poll().get("file").getAsString() + ": can't be analysed");
    for (JsonElement query : list.getAsJsonArray("queries")) judge(query.getAsJsonObject(), resolve(query.getAsJsonObject(), tables), faults);
    for (String fault : faults) System.out.println(fault);
    scans.forEach((table, count) -> System.out.println(count + " scans of " + table));
    System.out.println(faults.size() + " without a constant range on the column of time");
    // Nothing found would be a list that is empty, or a table that is called otherwise.
    System.exit(faults.isEmpty() && !scans.containsValue(0) && !scans.isEmpty() ? 0 : 1);
  }

  static ResolvedStatement resolve(JsonObject text, Map<String, SimpleTable> tables) {
    AnalyzerOptions options = Check.options();
    // The filter needs created_at, whoever reads it.
    options.setPruneUnusedColumns(false);
    return Analyzer.analyzeStatement(text.get("sql").getAsString(), options, Check.catalog(tables.values()));
  }

  static void judge(JsonObject text, ResolvedStatement statement, List<String> faults) {
    Set<ResolvedTableScan> bounded = Collections.newSetFromMap(new IdentityHashMap<>());
    statement.accept(new Visitor() {
      @Override
      public void visit(ResolvedFilterScan node) {
        ResolvedScan input = node.getInputScan();
        while (input instanceof ResolvedProjectScan project) input = project.getInputScan();
        if (input instanceof ResolvedTableScan scan && isRange(node.getFilterExpr(), scan)) bounded.add(scan);
        super.visit(node);
      }

      @Override
      public void visit(ResolvedDeleteStmt node) {
        if (isRange(node.getWhereExpr(), node.getTableScan())) bounded.add(node.getTableScan());
        super.visit(node);
      }

      @Override
      public void visit(ResolvedTableScan node) {
        String table = node.getTable().getName();
        if (columns.containsKey(table)) {
          scans.merge(table, 1, Integer::sum);
          if (!bounded.contains(node) && !text.has("whole")) faults.add(text.get("file").getAsString() + ": scans all of " + table);
        }
        super.visit(node);
      }
    });
  }

  /** Whether the table's column of time is held from below and from above by what no row decides. */
  static boolean isRange(ResolvedExpr filter, ResolvedTableScan scan) {
    String time = columns.get(scan.getTable().getName());
    List<ResolvedExpr> conditions = new ArrayList<>(List.of(filter));
    boolean below = false, above = false;
    while (!conditions.isEmpty()) {
      if (!(conditions.remove(0) instanceof ResolvedFunctionCall call)) continue;
      String name = call.getFunction().getName();
      if (name.equals("$and")) conditions.addAll(call.getArgumentList());
      boolean isLower = name.equals("$greater_or_equal") || name.equals("$greater");
      boolean isUpper = name.equals("$less_or_equal") || name.equals("$less");
      if (!isLower && !isUpper) continue;
      if (!(call.getArgumentList().get(0) instanceof ResolvedColumnRef column) || !column.getColumn().getName().equals(time)) continue;
      boolean[] constant = {true};
      call.getArgumentList().get(1).accept(new Visitor() {
        @Override
        public void visit(ResolvedColumnRef node) {
          constant[0] = false;
        }

        @Override
        public void visit(ResolvedSubqueryExpr node) {
          constant[0] = false;
        }
      });
      below |= isLower && constant[0];
      above |= isUpper && constant[0];
    }
    return below && above;
  }
}
