namespace Portal.Benchmarks.Seeding;

/// <summary>The statements that fill a database. First who asked for what and when, then every table from that.</summary>
internal static class SeedSql
{
    /// <summary>What can be asked for: the catalog's secrets, with the policy that governs each.</summary>
    public const string Targets = """
        CREATE TEMP TABLE target(n INTEGER PRIMARY KEY, scope TEXT, vault TEXT, secret TEXT, policyId TEXT, policy TEXT, version INTEGER);
        INSERT INTO target
        SELECT row_number() OVER (ORDER BY s.ArmId) - 1, s.ArmId, v.Name, s.Name, p.Id, p.Name, p.Version
        FROM Secrets s JOIN Vaults v ON v.Id = s.VaultId
        JOIN AccessPolicies p ON p.RetiredAt IS NULL AND p.Name = CASE
            WHEN v.Name = 'kv-payments-prod' THEN 'payments-production'
            WHEN v.Name = 'kv-payments-test' THEN 'payments-test'
            WHEN v.Name LIKE 'kv-logistics-%' THEN 'logistics'
            WHEN v.Name LIKE 'kv-platform-%' THEN 'platform-break-fix' END
        WHERE s.DeletedAt IS NULL;
        """;

    /// <summary>One row per request. Kinds: 0 ended grant, 1 denied, 2 withdrawn, 3 lapsed, 4 active grant, 5 pending.</summary>
    public const string Timeline = """
        CREATE TEMP TABLE req(i INTEGER PRIMARY KEY, ms INTEGER, person INTEGER, target INTEGER, kind INTEGER, id TEXT, grantId TEXT, ref TEXT);
        WITH RECURSIVE
        number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < $n),
        drawn AS (SELECT i, $n - i AS back,
            (i * 2654435761) % 4294967296 / 4096 AS r1, (i * 2246822519) % 4294967296 / 4096 AS r2, (i * 3266489917) % 4294967296 / 4096 AS r3,
            (SELECT count(*) FROM target) AS t FROM number)
        INSERT INTO req(i, ms, person, target, kind)
        SELECT i,
            CASE WHEN back < $pending THEN $now - 3600000 + ($pending - back) * 3000000 / $pending
                 WHEN back < $pending + $active THEN $now - 7200000 + ($pending + $active - back) * 3000000 / $active
                 ELSE $now - $span + i * (($span - 10800000) / $n) END,
            CASE WHEN back < $pending THEN back % $people
                 WHEN back < $pending + $active THEN CASE WHEN back - $pending < $held THEN 0 WHEN back - $pending < $held + $approver THEN 2 ELSE 3 + (back - $pending) % ($people - 3) END
                 WHEN r2 % 50 < 3 THEN r2 % 50
                 ELSE 3 + r2 % ($people - 3) END,
            CASE WHEN back < $pending THEN (back / $people + back * 7) % t
                 WHEN back < $pending + $active THEN (back - $pending) % t
                 ELSE r3 % t END,
            CASE WHEN back < $pending THEN 5
                 WHEN back < $pending + $active THEN 4
                 WHEN r1 % 100 < 80 THEN 0 WHEN r1 % 100 < 90 THEN 1 WHEN r1 % 100 < 95 THEN 2 ELSE 3 END
        FROM drawn;
        UPDATE req SET id = uid(ms, i, 1), grantId = CASE WHEN kind IN (0, 4) THEN uid(ms + 1200000, i, 3) END, ref = ref(i);
        """;

    /// <summary>Every table from the timeline. An audit event per step: about five per request. The joins are crossed so that the rows come in order and nothing has to be sorted. Instants end in no zero, as EF Core writes them: what it reads it must find again.</summary>
    public const string Rows = """
        INSERT OR IGNORE INTO People(TenantId, ObjectId, DisplayName, UserPrincipalName, SearchText, SeenAt)
        SELECT $tenant, id, name, upn, lower(name || ' ' || upn), instant($now) FROM person;

        INSERT INTO AccessRequests(Id, Reference, SubmissionKey, State, RequesterTenantId, RequesterObjectId, RequesterName, RequesterUpn, Scope, VaultName, SecretName,
            RoleDefinitionId, RoleName, WindowStart, Duration, Justification, Ticket, PolicyId, PolicyName, PolicyVersion, SubmittedAt, LapsesAt, SettledAt, Revision)
        SELECT req.id, req.ref, uid(ms, i, 2), CASE kind WHEN 0 THEN 'Approved' WHEN 1 THEN 'Denied' WHEN 2 THEN 'Withdrawn' WHEN 3 THEN 'Lapsed' WHEN 4 THEN 'Approved' ELSE 'Pending' END,
            $tenant, p.id, p.name, p.upn, t.scope, t.vault, t.secret, $role, $roleName, NULL, 1800000,
            'Checkout declines a card of a customer; comparing the key that the service uses with the one of the provider. Case ' || i, CASE WHEN i % 3 = 0 THEN 'OPS-' || i END,
            t.policyId, t.policy, t.version, instant(ms), instant(ms + 86400000), CASE WHEN kind <> 5 THEN instant(ms + 1200000) END, CASE WHEN kind = 5 THEN 0 ELSE 1 END
        FROM req CROSS JOIN person p ON p.n = req.person CROSS JOIN target t ON t.n = req.target ORDER BY i;

        CREATE TEMP TABLE trio(person INTEGER, target INTEGER, id TEXT, active INTEGER, PRIMARY KEY (person, target)) WITHOUT ROWID;
        INSERT INTO trio SELECT r.person, r.target, assignment(t.scope, p.id), max(r.kind = 4)
        FROM req r CROSS JOIN person p ON p.n = r.person CROSS JOIN target t ON t.n = r.target WHERE r.kind IN (0, 4) GROUP BY r.person, r.target;

        INSERT INTO DesiredAssignments(Id, Scope, SubscriptionId, PrincipalTenantId, PrincipalObjectId, PrincipalKind, RoleDefinitionId, Provider, PrivilegeRank, WantedUntil, Observed, DescribedUntil, Intent, DueAt, DueToEnd, Fence, Attempts, Revision)
        SELECT trio.id, t.scope, substr(t.scope, 16, 36), $tenant, p.id, 'User', $role, 'RoleAssignment', 1,
            CASE WHEN active THEN instant($now + 36000000) END, CASE WHEN active THEN 'Present' ELSE 'Absent' END, CASE WHEN active THEN instant($now + 36000000) END, 'None',
            CASE WHEN active THEN instant($now + 36000000) END, active, 2, 0, 6
        FROM trio JOIN person p ON p.n = trio.person JOIN target t ON t.n = trio.target;

        INSERT INTO Grants(Id, RequestId, RequestReference, AssignmentId, PrincipalTenantId, PrincipalObjectId, PrincipalName, Scope, VaultName, SecretName, RoleDefinitionId, RoleName, Provider, State,
            CreatedAt, StartsAt, EndsAt, ActivatedAt, EffectiveSince, RevokingSince, Ending, EndedAt, StandingAccess, Revision)
        SELECT req.grantId, req.id, req.ref, trio.id, $tenant, p.id, p.name, t.scope, t.vault, t.secret, $role, $roleName, 'RoleAssignment', CASE kind WHEN 4 THEN 'Active' ELSE 'Ended' END,
            instant(ms + 1200000), instant(ms + 1200000), CASE kind WHEN 4 THEN instant($now + 36000000) ELSE instant(ms + 3000000) END, instant(ms + 1201000), instant(ms + 1260000),
            CASE kind WHEN 0 THEN instant(ms + 3000000) END, CASE kind WHEN 0 THEN 'Expired' END, CASE kind WHEN 0 THEN instant(ms + 3001000) END, 0, CASE kind WHEN 4 THEN 3 ELSE 5 END
        FROM req CROSS JOIN person p ON p.n = req.person CROSS JOIN target t ON t.n = req.target CROSS JOIN trio ON trio.person = req.person AND trio.target = req.target
        WHERE kind IN (0, 4) ORDER BY i;

        INSERT INTO ApprovalDecisions(Id, RequestId, ApproverTenantId, ApproverObjectId, ApproverName, Verdict, Comment, DecidedAt)
        SELECT uid(ms + 1200000, i, 4), req.id, $tenant, CASE WHEN i % 2 THEN $priya ELSE $tomas END, CASE WHEN i % 2 THEN 'Priya Raman' ELSE 'Tomás Herrera' END,
            CASE kind WHEN 1 THEN 'Denied' ELSE 'Approved' END, CASE kind WHEN 1 THEN 'Use the test vault for this.' END, instant(ms + 1200000)
        FROM req WHERE kind IN (0, 1, 4) ORDER BY i;

        CREATE TEMP TABLE step(kind INTEGER, at INTEGER, code TEXT, actor INTEGER, PRIMARY KEY (kind, at)) WITHOUT ROWID;
        INSERT INTO step
        SELECT k.column1, s.column2, s.column3, s.column4 FROM (VALUES (0), (1), (2), (3), (4), (5)) k
        JOIN (VALUES ('012345', 0, 'request.submitted', 0), ('04', 1200000, 'request.approved', 1), ('1', 1200000, 'request.denied', 1), ('2', 1200000, 'request.withdrawn', 0), ('3', 1200000, 'request.lapsed', 2),
            ('04', 1200001, 'grant.scheduled', 2), ('04', 1200500, 'grant.provisioning', 2), ('04', 1201000, 'grant.activated', 2), ('0', 3001000, 'grant.ended', 2)) s ON instr(s.column1, k.column1);

        INSERT INTO AuditEvents(EventId, At, Code, Outcome, ActorKind, ActorTenantId, ActorObjectId, ActorName, ActorRoles, SubjectTenantId, SubjectObjectId, SubjectName, Scope, VaultName, SecretName, RoleName,
            RequestId, RequestReference, GrantId, PolicyName, PolicyVersion, Reason, Comment, ProviderRequestId, CorrelationId, ClientAddress, UserAgent)
        SELECT printf('%08X-0000-7000-8000-%012X', i, s.at), rtrim(rtrim(strftime('%Y-%m-%d %H:%M:%f', (ms + s.at) / 1000.0, 'unixepoch'), '0'), '.'), s.code, 'Success', CASE s.actor WHEN 2 THEN 'System' ELSE 'Person' END, CASE WHEN s.actor < 2 THEN $tenant END,
            CASE s.actor WHEN 0 THEN p.id WHEN 1 THEN CASE WHEN i % 2 THEN $priya ELSE $tomas END END,
            CASE s.actor WHEN 0 THEN p.name WHEN 1 THEN CASE WHEN i % 2 THEN 'Priya Raman' ELSE 'Tomás Herrera' END ELSE 'system' END,
            CASE s.actor WHEN 0 THEN 'Requester' WHEN 1 THEN 'Approver Requester' ELSE '' END,
            $tenant, p.id, p.name, t.scope, t.vault, t.secret, $roleName, req.id, req.ref, CASE WHEN s.code LIKE 'grant.%' THEN req.grantId END, t.policy, t.version,
            CASE s.code WHEN 'grant.ended' THEN 'Expired' END,
            CASE s.code WHEN 'request.submitted' THEN 'Checkout declines a card of a customer; comparing the key that the service uses with the one of the provider. Case ' || i WHEN 'request.denied' THEN 'Use the test vault for this.' END,
            CASE WHEN s.code IN ('grant.activated', 'grant.ended') THEN printf('%08x-0000-4000-8000-%012x', i, s.at) END, printf('%032x', i * 8 + s.actor),
            CASE WHEN s.actor < 2 THEN '10.20.' || (i % 250) || '.' || (i % 199) END, CASE WHEN s.actor < 2 THEN 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36' END
        FROM req CROSS JOIN step s ON s.kind = req.kind CROSS JOIN person p ON p.n = req.person CROSS JOIN target t ON t.n = req.target ORDER BY i, s.at;
        """;
}
