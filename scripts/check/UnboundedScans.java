// Which resolved queries of a list (sql-list.ts) scan the events table without a constant or parameter range on
// created_at: without one BigQuery reads, and bills, the whole history. By Google's analyzer of GoogleSQL; compiled
// beside the tool's Check.java, which sets the analyzer as BigQuery does.
//   java -cp <classes>:'<lib>/*' UnboundedScans <list.json> <table>

import com.google.gson.*;
import com.google.zetasql.*;
import com.google.zetasql.resolvedast.ResolvedNodes.*;
import java.io.*;
import java.util.*;

public class UnboundedScans {
  static int scans = 0;

  public static void main(String[] args) throws IOException {
    JsonObject list = JsonParser.parseReader(new FileReader(args[0])).getAsJsonObject();
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
      judge(view, statement, args[1], faults);
      List<SimpleColumn> columns = new ArrayList<>();
      for (ResolvedOutputColumn column : ((ResolvedQueryStmt) statement).getOutputColumnList())
        columns.add(new SimpleColumn(name, column.getName(), column.getColumn().getType()));
      tables.put(name, new SimpleTable(name, columns));
    }
    if (!waiting.isEmpty()) faults.add(waiting.poll().get("file").getAsString() + ": can't be analysed");
    for (JsonElement query : list.getAsJsonArray("queries")) judge(query.getAsJsonObject(), resolve(query.getAsJsonObject(), tables), args[1], faults);
    for (String fault : faults) System.out.println(fault);
    System.out.println(scans + " scans of " + args[1] + ", " + faults.size() + " without a constant range on created_at");
    // Nothing found would be a list that is empty, or a table that is called otherwise.
    System.exit(faults.isEmpty() && scans > 0 ? 0 : 1);
  }

  static ResolvedStatement resolve(JsonObject text, Map<String, SimpleTable> tables) {
    AnalyzerOptions options = Check.options();
    // The filter needs created_at, whoever reads it.
    options.setPruneUnusedColumns(false);
    return Analyzer.analyzeStatement(text.get("sql").getAsString(), options, Check.catalog(tables.values()));
  }

  static void judge(JsonObject text, ResolvedStatement statement, String table, List<String> faults) {
    Set<ResolvedTableScan> bounded = Collections.newSetFromMap(new IdentityHashMap<>());
    statement.accept(new Visitor() {
      @Override
      public void visit(ResolvedFilterScan node) {
        ResolvedScan input = node.getInputScan();
        while (input instanceof ResolvedProjectScan project) input = project.getInputScan();
        if (input instanceof ResolvedTableScan scan && isRange(node.getFilterExpr())) bounded.add(scan);
        super.visit(node);
      }

      @Override
      public void visit(ResolvedDeleteStmt node) {
        if (isRange(node.getWhereExpr())) bounded.add(node.getTableScan());
        super.visit(node);
      }

      @Override
      public void visit(ResolvedTableScan node) {
        if (node.getTable().getName().equals(table)) {
          scans++;
          if (!bounded.contains(node) && !text.has("whole")) faults.add(text.get("file").getAsString() + ": scans all of " + table);
        }
        super.visit(node);
      }
    });
  }

  /** Whether created_at is held from below and from above by what no row decides. */
  static boolean isRange(ResolvedExpr filter) {
    List<ResolvedExpr> conditions = new ArrayList<>(List.of(filter));
    boolean below = false, above = false;
    while (!conditions.isEmpty()) {
      if (!(conditions.remove(0) instanceof ResolvedFunctionCall call)) continue;
      String name = call.getFunction().getName();
      if (name.equals("$and")) conditions.addAll(call.getArgumentList());
      boolean isLower = name.equals("$greater_or_equal") || name.equals("$greater");
      boolean isUpper = name.equals("$less_or_equal") || name.equals("$less");
      if (!isLower && !isUpper) continue;
      if (!(call.getArgumentList().get(0) instanceof ResolvedColumnRef column) || !column.getColumn().getName().equals("created_at")) continue;
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
