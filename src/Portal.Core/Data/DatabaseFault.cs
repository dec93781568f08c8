using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Portal.Core.Data;

/// <summary>Tells a fault of the database, or of the way there, from a mistake in the portal.</summary>
public static class DatabaseFault
{
    /// <summary>Whether the database is behind a fault, whatever it was wrapped in on the way up. Who cancelled has no fault.</summary>
    public static bool Is(Exception fault)
    {
        for (var cause = fault is OperationCanceledException ? null : fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is DbException or DbUpdateException or NoAnswerException)
                return true;
        }

        return false;
    }
}
