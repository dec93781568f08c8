namespace Portal.Reliability.Worker;

/// <summary>The keys of what a worker process is told of a portal; the others are the portal's own configuration.</summary>
internal static class WorkerSettings
{
    public const string Database = "Worker:Database";
    public const string ConnectionString = "Worker:ConnectionString";
    public const string RootCertificate = "Worker:RootCertificate";
    public const string CloudPort = "Worker:CloudPort";
    public const string Lease = "Worker:Lease";
    public const string LookEvery = "Worker:LookEvery";
    public const string Log = "Worker:Log";

    public const string Sqlite = "sqlite";
    public const string PostgreSql = "postgres";
}
